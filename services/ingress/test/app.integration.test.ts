import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { AppError } from '@ackline/shared/app-error';
import { decodeMeta } from '@ackline/shared/envelope-codec';
import { providers } from '@ackline/shared/providers/registry';
import { createPool } from '@ackline/store/pool';
import { writeHeartbeat } from '@ackline/store/processors';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { startTcpProxy } from '@ackline/testkit/tcp-proxy';
import { waitFor } from '@ackline/testkit/wait-for';
import twilioSdk from 'twilio';
import { openRaw, post } from './support/raw-http.ts';
import { ask, startApp as startRunning } from './support/running-app.ts';

const SECRETS = {
  TELEGRAM: 'telegram-secret',
  TWILIO: '0123456789abcdef0123456789abcdef',
  RESPONDIO: 'cmVzcG9uZGlvLWtleQ==',
};

const CONFIG = `
publicUrl: https://hooks.example.com
sources:
  - { name: telegram, provider: telegram, path: /webhook/telegram, secrets: [{ env: TELEGRAM }] }
  - name: whatsapp
    provider: twilio
    path: /webhook/whatsapp
    aliases: [/webhook/whatsapp-optimized]
    secrets: [{ env: TWILIO }]
  - { name: faster, provider: respondio, tenant: faster, path: /webhook/faster/incoming, secrets: [{ env: RESPONDIO }] }
  - { name: never-errors, provider: respondio, path: /webhook/lossy, onUndurable: 200, secrets: [{ env: RESPONDIO }] }
destinations: [{ name: receiver, type: http, url: http://127.0.0.1:9/ }]
routes: [{ name: all, destination: receiver }]
`;
/** Every source refuses what no log takes. */
const STRICT = CONFIG.replace('onUndurable: 200, ', '');

/** Connections that read at a time what /health shows of processors and destinations. */
const READ_FOR_HEALTH = 1;

let database: TestDatabase;
let folder: string;

before(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'ackline-ingress-'));
});
after(async () => {
  await rm(folder, { recursive: true, force: true });
  await database.close();
});

const startApp = (env: Readonly<Record<string, string>> = {}, config = CONFIG) =>
  startRunning({ folder, config, databaseUrl: database.url, env: { ...SECRETS, ...env } });

/** What respond.io sends, to a source of its own. */
function sendMessage(base: string, path: string, sequence: number) {
  const sample = providers.get('respondio')?.sample({
    url: `https://hooks.example.com${path}`,
    secret: SECRETS.RESPONDIO,
    sequence,
    now: Date.now(),
  });
  assert.ok(sample);
  return ask(base + path, { method: 'POST', headers: sample.headers, body: Buffer.from(sample.body) });
}

async function withPool<T>(use: (pool: ReturnType<typeof createPool>) => Promise<T>): Promise<T> {
  const pool = createPool({
    connectionString: database.url,
    applicationName: 'test',
    max: 2,
    onError: () => undefined,
  });
  try {
    return await use(pool);
  } finally {
    await pool.end();
  }
}

/** Everything in the inbox, the oldest first, and takes it out. */
async function takeInbox() {
  return withPool(async pool => {
    const { rows } = await pool.query<{ meta: Buffer; body: Buffer }>(
      'delete from inbox returning meta, body',
    );
    return rows.map(row => ({ ...decodeMeta(row.meta), body: row.body }));
  });
}

describe('ingress with PostgreSQL', () => {
  it('stores what the real twilio package signed, at the path and at its alias, and answers TwiML', async () => {
    await using app = await startApp();
    const parameters: Record<string, string> = {
      MessageSid: `SM${'0'.repeat(32)}`,
      From: 'whatsapp:+15550001111',
      To: 'whatsapp:+15550002222',
      Body: 'Grüße & 1+1=2 👋',
      NumMedia: '0',
    };
    const body = new URLSearchParams(parameters).toString();
    for (const path of ['/webhook/whatsapp?a=b%20c', '/webhook/whatsapp-optimized']) {
      const signature = twilioSdk.getExpectedTwilioSignature(
        SECRETS.TWILIO,
        `https://hooks.example.com${path}`,
        parameters,
      );
      const send = (sent: string) =>
        ask(app.base + path, {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature },
          body: sent,
        });
      const accepted = await send(body);
      assert.equal(accepted.status, 200);
      assert.equal(accepted.headers.get('content-type'), 'text/xml');
      assert.equal(await accepted.text(), '<Response/>');
      assert.equal((await send(body.replace('Body=G', 'Body=g'))).status, 401, 'one altered byte');
      const stored = await takeInbox();
      assert.equal(stored.length, 1);
      assert.equal(stored[0]?.body.toString(), body);
      assert.equal(stored[0]?.url, `https://hooks.example.com${path}`);
      assert.equal(stored[0]?.source, 'whatsapp');
    }
  });

  it("accepts every provider's sample, byte for byte, headers in order, duplicates kept", async () => {
    await using app = await startApp();
    const paths = {
      telegram: '/webhook/telegram',
      twilio: '/webhook/whatsapp',
      respondio: '/webhook/faster/incoming',
    };
    const secrets = { telegram: SECRETS.TELEGRAM, twilio: SECRETS.TWILIO, respondio: SECRETS.RESPONDIO };
    for (const name of ['telegram', 'twilio', 'respondio'] as const) {
      const url = `https://hooks.example.com${paths[name]}`;
      const sample = providers
        .get(name)
        ?.sample({ url, secret: secrets[name], sequence: 1, now: Date.now() });
      assert.ok(sample);
      const lines = sample.headers.map(([header, value]) => `${header}: ${value}`);
      using client = await openRaw(app.port);
      client.write(post(paths[name], [...lines, 'X-Twice: 1', 'x-TWICE: 2'], sample.body));
      assert.equal((await client.answer()).status, 200);
      const [stored] = await takeInbox();
      assert.deepEqual(stored?.body, Buffer.from(sample.body));
      const names = stored.headers.map(([header]) => header);
      assert.deepEqual(names, [
        'Host',
        ...sample.headers.map(([header]) => header),
        'X-Twice',
        'x-TWICE',
        'Content-Length',
      ]);
      assert.doesNotMatch(
        JSON.stringify(stored.headers),
        new RegExp(SECRETS.TELEGRAM),
        'no bearer secret is stored',
      );
    }
  });

  it('logs a line by which the event is found, with the words of the systems before, and no secret', async () => {
    await using app = await startApp();
    const sample = providers.get('respondio')?.sample({
      url: 'https://hooks.example.com/webhook/faster/incoming',
      secret: SECRETS.RESPONDIO,
      sequence: 3,
      now: Date.now(),
    });
    assert.ok(sample);
    const response = await ask(`${app.base}/webhook/faster/incoming`, {
      method: 'POST',
      headers: sample.headers,
      body: Buffer.from(sample.body),
    });
    assert.equal(response.status, 200);
    const [stored] = await takeInbox();
    const line = app.lines.find(({ event }) => event === 'webhook.accepted');
    assert.equal(line?.['msg'], 'Webhook queued for processing: faster/incoming');
    assert.equal(line['id'], stored?.id);
    assert.equal(line['tier'], 'inbox');
    assert.equal(line['requestId'], response.headers.get('x-request-id'));
    assert.ok(app.lines.some(({ msg }) => /^Webhook response time: \d+\.\d{3}s$/.test(String(msg))));
    assert.doesNotMatch(JSON.stringify(app.lines), new RegExp(Object.values(SECRETS).join('|')));
  });

  it('shows the fields of /health that the systems before had, the tiers, and the processors with their age', async () => {
    await withPool(pool => writeHeartbeat(pool, 'processor-1', { lanes: 1 }));
    await using app = await startApp({ WEBHOOK_WORKERS: '6', CIRCUIT_BREAKER_THRESHOLD: '7' });
    const health = await waitFor(async () => {
      const response = await ask(`${app.base}/health`);
      assert.equal(response.status, 200);
      assert.equal(response.headers.get('cache-control'), 'no-cache');
      const body = (await response.json()) as Record<string, unknown> & {
        processors: Record<string, unknown>[];
      };
      return body.processors.length > 0 && body;
    });
    const { timestamp, processors, config, ...rest } = health;
    assert.equal(typeof timestamp, 'number');
    assert.equal((config as Record<string, unknown>)['error'], null);
    assert.deepEqual(rest, {
      status: 'healthy',
      webhook_url: 'https://hooks.example.com/webhook/telegram',
      queue: { size: 0, max_size: 10_000, workers: 6 },
      // Without Kafka the inbox's is the only one there is.
      circuit_breaker: { status: 'CLOSED', failures: 0, threshold: 3 },
      event_log: {
        tier_in_use: 'inbox',
        tiers: [{ name: 'inbox', circuit_breaker: 'CLOSED' }],
        kafka: 'none',
        kafka_problem: null,
        postgres: 'ready',
        weaker_than_contract: [],
        appended: { kafka: 0, inbox: 0, spool: 0 },
      },
      spool: null,
      redis: null,
      seen: { hits: { memory: 0, redis: 0 }, misses: 0, size: 0 },
      limits: { rejected: 0, deferred: 0 },
      processes: { count: 1, alive: 1 },
      destinations: [],
    });
    assert.equal(processors[0]?.['id'], 'processor-1');
    assert.deepEqual(processors[0]['state'], { lanes: 1 });
    assert.equal(typeof processors[0]['age_ms'], 'number');
  });

  it('shows in development where a webhook can be sent though no public URL is declared', async () => {
    const config =
      'sources: [{ name: t, provider: telegram, path: /webhook/telegram, secrets: [{ env: TELEGRAM }] }]\n';
    await using app = await startApp({ ACKLINE_ENV: 'development' }, config);
    const health = (await (await ask(`${app.base}/health`)).json()) as Record<string, unknown>;
    assert.equal(health['webhook_url'], `${app.base}/webhook/telegram`);
  });

  it('serves probes and metrics on the operations port only', async () => {
    await using app = await startApp();
    assert.equal((await ask(`${app.operations}/readyz`)).status, 200);
    assert.match(await (await ask(`${app.operations}/metrics`)).text(), /ackline_eventlog_pending_events/);
    const asked = await ask(`${app.operations}/metrics`, { headers: { accept: 'application/json' } });
    assert.deepEqual(Object.keys((await asked.json()) as object), [
      'request_count',
      'error_count',
      'avg_response_time',
      'error_rate',
      'rate_limit_hits',
      'last_reset',
    ]);
    assert.equal((await ask(`${app.base}/metrics`)).status, 404);
    assert.equal((await ask(`${app.base}/readyz`)).status, 404);
  });

  it('answers 503 with Retry-After, or 200 counted as lost, while no log takes events, and recovers', async () => {
    const target = new URL(database.url);
    await using proxy = await startTcpProxy({ host: target.hostname, port: Number(target.port) });
    target.hostname = '127.0.0.1';
    target.port = String(proxy.port);
    await using app = await startApp({ DATABASE_URL: target.href });
    const send = (path: string, sequence: number) => sendMessage(app.base, path, sequence);
    await proxy.cut();
    const refused = await send('/webhook/faster/incoming', 1);
    assert.equal(refused.status, 503);
    assert.equal(refused.headers.get('retry-after'), '5');
    assert.equal(((await refused.json()) as { code: string }).code, 'ACKLINE_NOT_DURABLE');
    assert.equal((await send('/webhook/lossy', 2)).status, 200);
    assert.match(
      await (await ask(`${app.operations}/metrics`)).text(),
      /ackline_ingress_events_lost_total\{source="never-errors",service="ingress"\} 1/,
    );
    assert.equal((await ask(`${app.base}/health`)).status, 503);
    await proxy.heal();
    await waitFor(async () => (await ask(`${app.base}/health`)).ok);
    assert.equal((await send('/webhook/faster/incoming', 3)).status, 200);
    assert.equal((await takeInbox()).length, 1);
  });

  it('stays ready without a log for as long as a source takes the loss, says so, and /health tells the truth', async () => {
    const target = new URL(database.url);
    await using proxy = await startTcpProxy({ host: target.hostname, port: Number(target.port) });
    target.hostname = '127.0.0.1';
    target.port = String(proxy.port);
    await using app = await startApp({ DATABASE_URL: target.href });
    const ready = async () => {
      const answer = await ask(`${app.operations}/readyz`);
      const { parts } = (await answer.json()) as { parts: Record<string, { detail?: string }> };
      return { status: answer.status, detail: parts['event-log']?.detail };
    };
    await proxy.cut();
    assert.equal((await sendMessage(app.base, '/webhook/lossy', 1)).status, 200);
    assert.equal((await ask(`${app.base}/health`)).status, 503);
    const takesLoss = {
      status: 200,
      detail: 'no durable log answers; ready for sources with onUndurable: 200',
    };
    assert.deepEqual(await ready(), takesLoss);
    const refuses = { status: 503, detail: 'no durable log answers' };
    await app.reload(STRICT);
    assert.deepEqual(await ready(), refuses, 'no such source any more');
    await app.reload(CONFIG);
    assert.deepEqual(await ready(), takesLoss);
    assert.equal((await ask(`${app.base}/health`)).status, 503);
    await proxy.heal();
    await waitFor(async () => (await ready()).detail === undefined);
  });
});

describe('ingress at its start', () => {
  async function refusal(env: Record<string, string>, config = CONFIG): Promise<AppError> {
    let error: unknown;
    try {
      await using app = await startApp(env, config);
      app.stop();
    } catch (caught) {
      error = caught;
    }
    assert.ok(error instanceof AppError);
    return error;
  }

  it('refuses an empty secret, by name', async () => {
    const error = await refusal({ TELEGRAM: '' });
    assert.equal(error.code, 'ACKLINE_SECRET_MISSING');
    assert.match(error.message, /environment variable TELEGRAM/);
  });

  it('refuses a source that signs its URL without a public URL, in production', async () => {
    const config = CONFIG.replace('publicUrl: https://hooks.example.com', '');
    const error = await refusal({}, config);
    assert.equal(error.code, 'ACKLINE_CONFIG_INVALID');
    assert.match(error.message, /:\d+:\d+ +sources\[\d+\]\.provider: twilio signs the URL/);
  });

  it('refuses a database without our schema, and leaves nothing open', async () => {
    const empty = await createTestDatabase({ migrated: false });
    const error = await refusal({ DATABASE_URL: empty.url });
    assert.equal(error.code, 'ACKLINE_SCHEMA_OLDER');
    await empty.close();
  });

  it('refuses a port that another program holds', async () => {
    await using app = await startApp();
    const error = await refusal({ PORT: String(app.port) });
    assert.equal(error.code, 'ACKLINE_PORT_IN_USE');
  });

  it('waits for a database that is away, not ready meanwhile', async () => {
    const target = new URL(database.url);
    await using proxy = await startTcpProxy({ host: target.hostname, port: Number(target.port) });
    target.hostname = '127.0.0.1';
    target.port = String(proxy.port);
    await proxy.cut();
    await using app = await startApp({ DATABASE_URL: target.href }, STRICT);
    assert.equal((await ask(`${app.operations}/livez`)).status, 200);
    assert.equal((await ask(`${app.operations}/startupz`)).status, 200);
    assert.equal((await ask(`${app.operations}/readyz`)).status, 503);
    assert.equal((await ask(`${app.base}/health`)).status, 503);
    await proxy.heal();
    await waitFor(async () => (await ask(`${app.operations}/readyz`)).ok);
  });

  it('drains at once, and not after the question that a database hangs with since the start', async () => {
    const target = new URL(database.url);
    await using proxy = await startTcpProxy({ host: target.hostname, port: Number(target.port) });
    target.hostname = '127.0.0.1';
    target.port = String(proxy.port);
    proxy.stall();
    await using app = await startApp({ DATABASE_URL: target.href });
    await waitFor(() => proxy.connections > READ_FOR_HEALTH, { what: 'the question to be under way' });
    app.stop();
    const { draining } = (await (await ask(`${app.operations}/readyz`)).json()) as { draining: boolean };
    assert.equal(draining, true);
    assert.ok(proxy.connections > READ_FOR_HEALTH, 'the question is still under way');
    await proxy.heal(); // what is to be shown is shown: nothing need hang until its limit
  });
});
