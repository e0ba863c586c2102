import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createLogLevelSwitch } from '@ackline/runtime/log-level-switch';
import { createLogger } from '@ackline/runtime/logger';
import type { ChildMessage } from '@ackline/runtime/parent-channel';
import { github } from '@ackline/shared/providers/github';
import { providers } from '@ackline/shared/providers/registry';
import { createPool } from '@ackline/store/pool';
import { KEPT_OF_A_SOURCE, type KeptRejection, readRejection } from '@ackline/store/rejections';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { scrape } from '@ackline/testkit/scrape';
import { startTcpProxy, type TcpProxy } from '@ackline/testkit/tcp-proxy';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import twilioSdk from 'twilio';
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { ask } from '../support/running-app.ts';

const SECRETS = {
  TWILIO: '0123456789abcdef0123456789abcdef',
  STRIPE: 'whsec_0123456789abcdef',
  GITHUB: 'github-secret-of-a',
  GITHUB_B: 'github-secret-of-b',
  FLOODED: 'flooded-secret',
};
const CONFIG = `
sources:
  - { name: whatsapp, provider: twilio, path: /webhook/whatsapp, secrets: [{ env: TWILIO }] }
  - { name: payments, provider: stripe, path: /webhook/payments, secrets: [{ env: STRIPE }] }
  - { name: repository, provider: github, path: /webhook/repository, secrets: [{ env: GITHUB }] }
  - { name: other-repository, provider: github, path: /webhook/other, secrets: [{ env: GITHUB_B }], keepRejected: body }
  - { name: flooded, provider: telegram, path: /webhook/flooded, secrets: [{ env: FLOODED }] }
destinations: [{ name: receiver, type: http, url: http://127.0.0.1:9/ }]
routes: [{ name: all, destination: receiver }]
`;
const KEPT_OF_A_MINUTE = 10;

let database: TestDatabase;
let proxy: TcpProxy;
let pool: Pool;
let folder: string;
let configFile: string;

before(async () => {
  database = await createTestDatabase();
  const { hostname, port } = new URL(database.url);
  proxy = await startTcpProxy({ host: hostname, port: Number(port) });
  pool = createPool({
    connectionString: database.url,
    applicationName: 'test',
    max: 1,
    onError: () => undefined,
  });
  folder = await mkdtemp(join(tmpdir(), 'ackline-rejected-'));
  configFile = join(folder, 'ackline.yaml');
  await writeFile(configFile, CONFIG);
});
after(async () => {
  await pool.end();
  await proxy.close();
  await rm(folder, { recursive: true, force: true });
  await database.close();
});

async function startApp() {
  const throughProxy = new URL(database.url);
  throughProxy.hostname = '127.0.0.1';
  throughProxy.port = String(proxy.port);
  const lines: string[] = [];
  const messages: ChildMessage[] = [];
  const log = createLogger({
    service: 'ingress',
    level: 'debug',
    destination: { write: line => void lines.push(line) },
  });
  const stop = new AbortController();
  const app = await createApp(
    loadConfig({
      // Else a provider that signs the URL needs a publicUrl, and no answer names a command.
      ACKLINE_ENV: 'development',
      ACKLINE_CONFIG: configFile,
      DATABASE_URL: throughProxy.href,
      HOST: '127.0.0.1',
      OPS_HOST: '127.0.0.1',
      PORT: '0',
      OPS_PORT: '0',
      ...SECRETS,
    }),
    {
      log,
      report: message => void messages.push(message),
      followLogLevel: createLogLevelSwitch(log, 'debug', () => undefined),
      signal: stop.signal,
    },
  );
  const running = app.run(stop.signal);
  await waitFor(() => messages.some(message => message.kind === 'started'));
  const urlOf = (name: string) => {
    const found = messages.find(message => message.kind === 'listening' && message.name === name);
    return `http://127.0.0.1:${found?.kind === 'listening' ? found.port : 0}`;
  };
  return {
    base: urlOf('http'),
    operations: urlOf('operations'),
    lines,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

interface Sent {
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string | Uint8Array;
}

/** Sends what is refused; the id that its sender has of it. */
async function refusedId(base: string, path: string, { headers, body }: Sent): Promise<string> {
  const response = await ask(base + path, {
    method: 'POST',
    headers: headers.map(([name, value]): [string, string] => [name, value]),
    body: Buffer.from(body as string),
  });
  const answer = (await response.json()) as { requestId: string; detail: string };
  assert.equal(response.status, 401);
  assert.equal(answer.requestId, response.headers.get('x-request-id'));
  assert.match(answer.detail, new RegExp(`ackline doctor signature ${answer.requestId}$`));
  return answer.requestId;
}

const keptOf = (requestId: string): Promise<KeptRejection> =>
  waitFor(() => readRejection(pool, requestId), { timeoutMs: 20_000 });

function githubSent(body: string, { secret, signed = body }: { secret: string; signed?: string }): Sent {
  const signature = createHmac('sha256', secret).update(signed).digest('hex');
  return {
    headers: [
      ['Content-Type', 'application/json'],
      ['X-Hub-Signature-256', `sha256=${signature}`],
    ],
    body,
  };
}

function sampleOf(name: string, options: { url: string; secret: string; now: number }): Sent {
  const provider = providers.get(name);
  assert.ok(provider !== undefined);
  return provider.sample({ ...options, sequence: 0 });
}

describe('a refused request is found by the id of its answer, with what would have been right', () => {
  it('Twilio signed for the public URL, and there is no publicUrl', async () => {
    await using app = await startApp();
    const form = {
      MessageSid: `SM${'a'.repeat(32)}`,
      From: '+10000000001',
      To: '+10000000002',
      Body: 'top-secret-text',
    };
    const url = 'https://hooks.example.com/webhook/whatsapp';
    const id = await refusedId(app.base, '/webhook/whatsapp', {
      headers: [
        ['Content-Type', 'application/x-www-form-urlencoded'],
        ['X-Twilio-Signature', twilioSdk.getExpectedTwilioSignature(SECRETS.TWILIO, url, form)],
        ['X-Forwarded-Host', 'hooks.example.com'],
      ],
      body: new URLSearchParams(form).toString(),
    });
    const kept = await keptOf(id);
    assert.equal(kept.diagnosis, 'url-differs');
    assert.equal(kept.what, `valid for ${url}: set publicUrl`);
    assert.match(kept.fix, /^set publicUrl to https:\/\/hooks\.example\.com,/);
    assert.deepEqual(
      [kept.source, kept.reason, kept.secretIndex, kept.body],
      ['whatsapp', 'wrong_signature', 0, null],
    );
  });

  it('Stripe signed by a clock that is twelve minutes behind', async () => {
    await using app = await startApp();
    const sample = sampleOf('stripe', { url: '', secret: SECRETS.STRIPE, now: Date.now() - 12 * 60_000 });
    const kept = await keptOf(await refusedId(app.base, '/webhook/payments', sample));
    assert.equal(kept.diagnosis, 'time-out-of-tolerance');
    assert.match(kept.what, /^signed 12 min before it came, .* \(tolerance 300 s\)$/);
    assert.ok(kept.skewMs !== null && Math.abs(kept.skewMs - 12 * 60_000) < 60_000);
  });

  it('GitHub signed a body that was written anew, with a line end behind the secret, or with the secret of another source', async () => {
    await using app = await startApp();
    const body = '{"id":1,"text":"top-secret-text"}';
    const rewritten = githubSent(JSON.stringify(JSON.parse(body), null, 2), {
      secret: SECRETS.GITHUB,
      signed: body,
    });
    const newline = githubSent(body, { secret: `${SECRETS.GITHUB}\n` });
    const others = githubSent(body, { secret: SECRETS.GITHUB_B });
    const found = [];
    for (const sent of [rewritten, newline, others]) {
      const { diagnosis, what } = await keptOf(await refusedId(app.base, '/webhook/repository', sent));
      found.push(`${diagnosis}: ${what}`);
    }
    assert.deepEqual(found, [
      'body-rewritten: valid for the body without white space: something on the way wrote it anew',
      'secret-differs: valid with secrets[0] with a line end (\\n) behind it',
      'secret-of-other-source: valid with secrets[0] of source other-repository: it came to the path of another source, or with the secret of another',
    ]);
  });

  it('keeps the body only where the source says so, and nothing of a secret, a signature, a query or a body elsewhere', async () => {
    await using app = await startApp();
    const body = '{"text":"top-secret-text"}';
    const sent = githubSent(body, { secret: `${SECRETS.GITHUB_B} ` });
    const allowed = await keptOf(await refusedId(app.base, '/webhook/other?token=top-secret-query', sent));
    assert.equal(Buffer.from(allowed.body ?? '').toString(), body);
    const { rows } = await pool.query<{ text: string }>(
      "select (to_jsonb(r) - 'body')::text as text from rejected_requests r",
    );
    assert.ok(rows.length >= 6);
    const shown = [...rows.map(({ text }) => text), ...app.lines].join('\n');
    const proof = sent.headers.find(([name]) => name === github.proofHeaders[0]);
    const signature = proof?.[1].slice('sha256='.length);
    assert.ok(signature !== undefined);
    for (const canary of [...Object.values(SECRETS), 'top-secret', signature])
      assert.ok(!shown.includes(canary), canary);
  });
});

describe('a flood of bad signatures', () => {
  it('leaves the first of a minute, and counts the others', async () => {
    await using app = await startApp();
    const sent: Sent = {
      headers: [
        ['Content-Type', 'application/json'],
        ['X-Telegram-Bot-Api-Secret-Token', 'wrong'],
      ],
      body: '{"update_id":1}',
    };
    const ids: string[] = [];
    for (let n = 0; n < 20; n += 1)
      ids.push(
        ...(await Promise.all(
          Array.from({ length: 10 }, () => refusedId(app.base, '/webhook/flooded', sent)),
        )),
      );
    const keptCount = async () =>
      (await scrape(app.operations)).value('ackline_ingress_rejected_requests_kept_total');
    await waitFor(async () => (await keptCount()) === KEPT_OF_A_MINUTE, { timeoutMs: 20_000 });
    const { rows } = await pool.query<{ id: string }>(
      "select request_id as id from rejected_requests where source = 'flooded'",
    );
    assert.equal(rows.length, KEPT_OF_A_MINUTE);
    assert.ok(rows.every(({ id }) => ids.includes(id)));
    const metrics = await scrape(app.operations);
    const unkept = (reason: string) =>
      metrics.value('ackline_ingress_rejected_requests_unkept_total', { reason });
    assert.deepEqual(
      [unkept('sampled'), unkept('memory'), unkept('postgres')],
      [ids.length - KEPT_OF_A_MINUTE, 0, 0],
    );
  });

  it('leaves the newest of a source, and not more of them, where no processor removes any', async () => {
    await pool.query(
      `insert into rejected_requests
         (request_id, rejected_at, source, provider, code, reason, method, url, headers, body_bytes, body_sha256, secrets, tried, diagnosis, what, fix)
       select gen_random_uuid(), now() - n * interval '1 second', 'payments', 'p', 'c', 'r', 'POST', '/', '{}', 0, '', 0, '{}', 'd', 'w', 'f'
         from generate_series(1, 300) n`,
    );
    await using app = await startApp();
    const sample = sampleOf('stripe', { url: '', secret: 'whsec_another', now: Date.now() });
    await keptOf(await refusedId(app.base, '/webhook/payments', sample));
    const { rows } = await pool.query<{ count: number }>(
      "select count(*)::int as count from rejected_requests where source = 'payments'",
    );
    assert.deepEqual(rows, [{ count: KEPT_OF_A_SOURCE + 1 }]);
  });

  it('is answered while PostgreSQL is away, and what is not kept is counted', async () => {
    await using app = await startApp();
    const sent = githubSent('{}', { secret: 'wrong' });
    await keptOf(await refusedId(app.base, '/webhook/repository', sent));
    await proxy.cut();
    try {
      const unkept = async () =>
        (await scrape(app.operations)).value('ackline_ingress_rejected_requests_unkept_total', {
          reason: 'postgres',
        });
      await refusedId(app.base, '/webhook/repository', sent);
      await waitFor(async () => (await unkept()) === 1, { timeoutMs: 20_000 });
      // By now it is known to be away: no one waits in memory for it.
      await refusedId(app.base, '/webhook/repository', sent);
      assert.equal(await unkept(), 2);
    } finally {
      await proxy.heal();
    }
  });
});
