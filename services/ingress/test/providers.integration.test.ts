import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHmac } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createLogLevelSwitch } from '@ackline/runtime/log-level-switch';
import { createLogger } from '@ackline/runtime/logger';
import { decodeMeta } from '@ackline/shared/envelope-codec';
import { newKeysOf } from '@ackline/shared/new-keys';
import type { Answer, KeyPair, Provider, SampleRequest } from '@ackline/shared/provider';
import { providers } from '@ackline/shared/providers/registry';
import { createPool } from '@ackline/store/pool';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import { createApp } from '../src/app.ts';
import { loadConfig } from '../src/config.ts';
import { handshakes, looks, questions } from './support/challenges.ts';
import { openRaw, post, type RawAnswer } from './support/raw-http.ts';

const PUBLIC_URL = 'https://hooks.example.com';
const names = [...providers.keys()];
const pathOf = (name: string) => `/webhook/${name}`;
const variableOf = (name: string) => name.toUpperCase().replaceAll('-', '_');

const keys = new Map([...providers].map(([name, provider]) => [name, newKeysOf(provider)]));
function keysOf(name: string): KeyPair {
  const pair = keys.get(name);
  assert.ok(pair);
  return pair;
}

const VERIFY_TOKEN = 'a-verify-token';

function sourceLine(name: string): string {
  const tokens =
    providers.get(name)?.handshake === undefined ? '' : ', verifyTokens: [{ env: VERIFY_TOKEN }]';
  return `  - { name: ${name}, provider: ${name}, path: ${pathOf(name)}, secrets: [{ env: ${variableOf(name)} }]${tokens} }`;
}

const CONFIG = `
publicUrl: ${PUBLIC_URL}
sources:
${names.map(sourceLine).join('\n')}
destinations: [{ name: receiver, type: http, url: http://127.0.0.1:9/ }]
routes: [{ name: all, destination: receiver }]
`;

let database: TestDatabase;
let folder: string;
let port = 0;
let stop: () => Promise<void>;

before(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'ackline-providers-'));
  const configFile = join(folder, 'ackline.yaml');
  await writeFile(configFile, CONFIG);
  const log = createLogger({ service: 'ingress', level: 'error', destination: { write: () => undefined } });
  const aborting = new AbortController();
  const app = await createApp(
    loadConfig({
      ACKLINE_CONFIG: configFile,
      DATABASE_URL: database.url,
      HOST: '127.0.0.1',
      OPS_HOST: '127.0.0.1',
      PORT: '0',
      OPS_PORT: '0',
      VERIFY_TOKEN,
      ...Object.fromEntries(names.map(name => [variableOf(name), keysOf(name).secret])),
    }),
    {
      log,
      report: message => {
        if (message.kind === 'listening' && message.name === 'http') port = message.port;
      },
      followLogLevel: createLogLevelSwitch(log, 'error', () => undefined),
      signal: aborting.signal,
    },
  );
  const running = app.run(aborting.signal);
  stop = async () => {
    aborting.abort();
    await running;
  };
  await waitFor(() => port !== 0);
});
after(async () => {
  await stop();
  await rm(folder, { recursive: true, force: true });
  await database.close();
});

/** Everything in the inbox, the oldest first, and takes it out. */
async function takeInbox() {
  const pool = createPool({
    connectionString: database.url,
    applicationName: 'test',
    max: 1,
    onError: () => undefined,
  });
  try {
    const { rows } = await pool.query<{ meta: Buffer; body: Buffer }>(
      'delete from inbox returning meta, body',
    );
    return rows.map(row => ({ ...decodeMeta(row.meta), body: row.body }));
  } finally {
    await pool.end();
  }
}

function sampleOf(provider: Provider, sequence: number): SampleRequest {
  const url = PUBLIC_URL + pathOf(provider.name);
  return provider.sample({ url, secret: keysOf(provider.name).signingKey, sequence, now: Date.now() });
}

const linesOf = ({ headers }: SampleRequest) => headers.map(([name, value]) => `${name}: ${value}`);

/** With these values, one for each header, in the place of its signature. */
function linesWith(
  provider: Provider,
  { headers }: SampleRequest,
  values: (proof: string) => readonly string[],
): string[] {
  const proofName = provider.proofHeaders[0].toLowerCase();
  assert.equal(headers.filter(([name]) => name.toLowerCase() === proofName).length, 1, provider.name);
  return headers.flatMap(([name, value]) =>
    name.toLowerCase() === proofName ? values(value).map(other => `${name}: ${other}`) : `${name}: ${value}`,
  );
}

async function send(request: Buffer) {
  using client = await openRaw(port);
  client.write(request);
  return await client.answer();
}

/** In pieces of 7 bytes, so that they end within characters and names. */
function chunked(path: string, lines: readonly string[], body: Uint8Array): Buffer {
  const head = [`POST ${path} HTTP/1.1`, 'Host: hooks.test', ...lines, 'Transfer-Encoding: chunked'];
  const parts: Buffer[] = [Buffer.from(`${head.join('\r\n')}\r\n\r\n`)];
  for (let start = 0; start < body.length; start += 7) {
    const piece = body.subarray(start, start + 7);
    parts.push(Buffer.from(`${piece.length.toString(16)}\r\n`), Buffer.from(piece), Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

function assertAnswer(given: RawAnswer, { status, contentType, body }: Answer): void {
  assert.equal(given.status, status, given.body);
  assert.equal(given.headers.get('content-type') ?? null, contentType);
  assert.equal(given.body, body);
}

for (const provider of providers.values()) {
  const path = pathOf(provider.name);
  describe(`${provider.name}, through the ingress`, () => {
    it('is stored as it came, named as the provider names it, and answered as the provider expects', async () => {
      const sample = sampleOf(provider, 1);
      const answer = await send(post(path, linesOf(sample), sample.body));
      const request = { method: 'POST', url: PUBLIC_URL + path, ...sample };
      const expected = provider.answer(request);
      assertAnswer(answer, expected);
      const [stored, ...others] = await takeInbox();
      assert.deepEqual(others, []);
      assert.deepEqual(stored?.body, Buffer.from(sample.body));
      assert.equal(stored.provider, provider.name);
      const identified = provider.identify(request);
      assert.equal(identified.kind, 'event');
      assert.equal(stored.type, identified.identity.type);
      assert.equal(stored.dedupKey, identified.identity.dedupKey ?? stored.id);
      assert.equal(stored.orderingKey, identified.identity.orderingKey);
    });

    it('takes a body in chunks, byte for byte, and none that is compressed', async () => {
      const sample = sampleOf(provider, 2);
      const { status } = await send(chunked(path, linesOf(sample), sample.body));
      assert.equal(status, 200);
      const stored = await takeInbox();
      assert.deepEqual(
        stored.map(({ body }) => body),
        [Buffer.from(sample.body)],
      );
      for (const body of [sample.body, gzipSync(sample.body)]) {
        const refused = await send(post(path, [...linesOf(sample), 'Content-Encoding: gzip'], body));
        assert.equal(refused.status, 415);
      }
      assert.deepEqual(await takeInbox(), []);
    });

    it('takes none with a proof header twice, empty, missing, or in upper case, and stores nothing', async () => {
      const sample = sampleOf(provider, 3);
      const wrong: ((proof: string) => readonly string[])[] = [
        proof => [proof, proof],
        () => [''],
        () => [],
        proof => [proof.toUpperCase()],
        proof => [proof.slice(0, -1)],
      ];
      for (const values of wrong) {
        const request = post(path, linesWith(provider, sample, values), sample.body);
        assert.equal((await send(request)).status, 401);
      }
      assert.deepEqual(await takeInbox(), []);
    });
  });
}

it('has a question of each provider that asks one', () => {
  const all = [...providers.values()];
  const having = (member: 'challenge' | 'unsigned' | 'handshake') =>
    all.filter(provider => provider[member] !== undefined).map(({ name }) => name);
  assert.deepEqual([...questions.keys()].toSorted(), having('challenge'));
  assert.deepEqual([...looks.keys()].toSorted(), having('unsigned'));
  assert.deepEqual([...handshakes.keys()].toSorted(), having('handshake'));
});

for (const [name, { ask, answer }] of questions) {
  it(`answers the question of ${name} at once and exactly, and stores nothing`, async () => {
    const provider = providers.get(name);
    assert.ok(provider);
    const { secret, signingKey } = keysOf(name);
    const genuine = ask(signingKey, Date.now());
    assertAnswer(await send(post(pathOf(name), linesOf(genuine), genuine.body)), answer(secret));
    const altered = Buffer.from(genuine.body);
    altered[altered.indexOf('e')] = 0x66;
    const stale = ask(signingKey, Date.now() - 86_400_000);
    const refused: [string[], Uint8Array][] = [
      [linesOf(genuine), altered],
      [linesWith(provider, genuine, () => []), genuine.body],
      [linesWith(provider, genuine, proof => [proof, proof]), genuine.body],
      [linesOf(ask(`${signingKey}0`, Date.now())), genuine.body],
      ...(provider.toleranceMs === null ? [] : [[linesOf(stale), stale.body] as [string[], Uint8Array]]),
    ];
    for (const [lines, body] of refused)
      assert.equal((await send(post(pathOf(name), lines, body))).status, 401);
    assert.deepEqual(await takeInbox(), []);
  });
}

it('says nothing to the ping of Discord before its webhook events, and stores none', async () => {
  const discord = providers.get('discord');
  assert.ok(discord);
  const body = Buffer.from('{"version":1,"application_id":"1234560123453231555","type":0}');
  const ping = discord.sample({
    url: PUBLIC_URL + pathOf('discord'),
    secret: keysOf('discord').signingKey,
    sequence: 0,
    now: Date.now(),
    body,
  });
  const answer = await send(post(pathOf('discord'), linesOf(ping), body));
  assert.deepEqual([answer.status, answer.body], [204, '']);
  assert.deepEqual(
    [answer.headers.get('content-type') ?? null, answer.headers.get('content-length') ?? null],
    [null, null],
  );
  assert.deepEqual(await takeInbox(), []);
});

for (const [name, { request, answer }] of looks) {
  it(`answers the look of ${name} without a signature, none with a wrong one, and stores nothing`, async () => {
    const provider = providers.get(name);
    assert.ok(provider);
    assertAnswer(await send(post(pathOf(name), linesOf(request), request.body)), answer);
    const proofs = sampleOf(provider, 4)
      .headers.filter(([header]) => provider.proofHeaders.includes(header))
      .map(([header, value]) => `${header}: ${value}`);
    for (const [index, line] of proofs.entries()) {
      for (const lines of [[line], proofs.slice(index)]) {
        const wrong = post(pathOf(name), [...linesOf(request), ...lines], request.body);
        assert.equal((await send(wrong)).status, 401, lines.join());
      }
    }
    assert.deepEqual(await takeInbox(), []);
  });
}

for (const [name, { query, answer }] of handshakes) {
  it(`shakes hands with ${name} by a token of the source, with nobody else, and stores nothing`, async () => {
    const get = (text: string) => send(Buffer.from(`GET ${pathOf(name)}${text} HTTP/1.1\r\nHost: h\r\n\r\n`));
    assertAnswer(await get(query(VERIFY_TOKEN)), answer);
    for (const text of [query('another'), query(''), query(VERIFY_TOKEN.toUpperCase()), ''])
      assert.equal((await get(text)).status, 403);
    assert.deepEqual(await takeInbox(), []);
  });
}

it('takes a push of 24 MiB from GitHub, and as large a body from nobody who sends none', async () => {
  const body = Buffer.from(`{"ref":"${'x'.repeat(24 * 1_048_576)}"}`);
  const signature = createHmac('sha256', keysOf('github').secret).update(body).digest('hex');
  const lines = ['Content-Type: application/json', `X-Hub-Signature-256: sha256=${signature}`];
  const answer = await send(post(pathOf('github'), [...lines, 'X-GitHub-Event: push'], body));
  assert.equal(answer.status, 200, answer.body);
  assert.equal((await send(post(pathOf('svix'), lines, body.subarray(0, 1_048_577)))).status, 413);
});
