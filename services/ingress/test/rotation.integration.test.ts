// A secret of every provider is replaced while its requests come: old, both, new, each by a change of the file.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { Agent, type IncomingMessage, request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { newKeysOf } from '@ackline/shared/new-keys';
import type { KeyPair, Provider, SampleRequest } from '@ackline/shared/provider';
import { providers } from '@ackline/shared/providers/registry';
import { createPool } from '@ackline/store/pool';
import { readSecretUses, secretFingerprint } from '@ackline/store/secret-uses';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { scrape } from '@ackline/testkit/scrape';
import { waitFor } from '@ackline/testkit/wait-for';
import { type RunningIngress, startIngress } from './support/service.ts';

const PUBLIC_URL = 'https://hooks.example.com';
type Key = 'old' | 'new';
/** In flight at any time: each sender begins its next request once it has the answer to the one before. */
const SENDERS = 6;
/** Requests of each part of the story, at least. */
const SOME = 60;
const SLOW = { timeoutMs: 60_000 };

const made = new Map<string, KeyPair>();
/** The same for each call. */
function keysOf(provider: Provider, key: Key): KeyPair {
  const name = `${provider.name} ${key}`;
  const keys = made.get(name) ?? newKeysOf(provider);
  made.set(name, keys);
  return keys;
}

const variableOf = (name: string, key: Key) => `${key}_${name.replaceAll('-', '_')}`.toUpperCase();
const SECRETS = Object.fromEntries(
  [...providers].flatMap(([name, provider]) =>
    (['old', 'new'] as const).map(key => [variableOf(name, key), keysOf(provider, key).secret]),
  ),
);

/** A source of every provider, with these live secrets. */
function configOf(...keys: readonly Key[]): string {
  const sources = [...providers].map(([name, { toleranceMs }]) => {
    const secrets = keys.map(key => `{ env: ${variableOf(name, key)} }`).join(', ');
    // A machine that is busy may take longer than the seconds that some providers give themselves.
    const tolerance = toleranceMs === null ? '' : ', tolerance: 1h';
    return `  - { name: ${name}, provider: ${name}, path: /webhook/${name}, secrets: [${secrets}]${tolerance} }`;
  });
  return `
publicUrl: ${PUBLIC_URL}
sources:
${sources.join('\n')}
destinations: [{ name: receiver, type: http, url: http://127.0.0.1:9/ }]
routes: [{ name: all, destination: receiver }]
`;
}

describe('a secret that is rotated while requests come', () => {
  let database: TestDatabase;
  let ingress: RunningIngress;
  const agent = new Agent({ keepAlive: true, maxSockets: SENDERS });
  before(async () => {
    database = await createTestDatabase();
    ingress = await startIngress(database.url, SECRETS);
    await reload(configOf('old'));
  });
  after(async () => {
    agent.destroy();
    await ingress[Symbol.asyncDispose]();
    await database.close();
  });

  /** By its own count: of its log, which has a line for each request, the last lines are kept, and those of before are not. */
  async function reload(config: string): Promise<void> {
    const reloads = async () =>
      (await scrape(ingress.operations)).value('ackline_config_reloads_total', { result: 'reloaded' }) ?? 0;
    const before = await reloads();
    await writeFile(ingress.configFile, config);
    await waitFor(async () => (await reloads()) > before, { ...SLOW, what: 'the configuration' });
  }

  async function post(provider: Provider, { headers, body, query = '' }: SampleRequest): Promise<number> {
    const path = `/webhook/${provider.name}${query}`;
    const sent = request({
      agent,
      port: ingress.port,
      host: '127.0.0.1',
      method: 'POST',
      path,
      headers: Object.fromEntries(headers),
    });
    sent.end(body);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    await once(answer.resume(), 'end');
    return answer.statusCode ?? 0;
  }

  function sign(provider: Provider, key: Key, sequence: number): SampleRequest {
    const url = `${PUBLIC_URL}/webhook/${provider.name}`;
    return provider.sample({ url, secret: keysOf(provider, key).signingKey, sequence, now: Date.now() });
  }

  it('refuses none, whichever of them it was signed with', async () => {
    const answers: { key: Key; provider: string; status: number }[] = [];
    const inFlight = { old: 0, new: 0 };
    const sender = { key: 'old' as Key, isOver: false };
    let sequence = 0;
    const send = async (): Promise<void> => {
      while (!sender.isOver)
        for (const provider of providers.values()) {
          const { key } = sender;
          inFlight[key] += 1;
          const status = await post(provider, sign(provider, key, sequence++));
          inFlight[key] -= 1;
          answers.push({ key, provider: provider.name, status });
        }
    };
    const some = async (): Promise<void> => {
      const before = answers.length;
      await waitFor(() => answers.length >= before + SOME, SLOW);
    };

    const senders = Array.from({ length: SENDERS }, send);
    await some();
    await reload(configOf('new', 'old'));
    await some();
    sender.key = 'new';
    await waitFor(() => inFlight.old === 0, SLOW);
    await some();
    await reload(configOf('new'));
    await some();
    sender.isOver = true;
    await Promise.all(senders);

    assert.deepEqual(
      answers.filter(({ status }) => status !== 200),
      [],
    );
    const byKey = (key: Key) => answers.filter(answer => answer.key === key);
    for (const key of ['old', 'new'] as const) {
      assert.ok(byKey(key).length >= 2 * SOME, key);
      assert.deepEqual(new Set(byKey(key).map(({ provider }) => provider)), new Set(providers.keys()), key);
    }
    process.stdout.write(
      `# ${byKey('old').length} by the old secret, ${byKey('new').length} by the new one\n`,
    );
    for (const provider of providers.values())
      assert.equal(await post(provider, sign(provider, 'old', sequence++)), 401, provider.name);

    await ingress.service.stop();
    await assertStored(answers.length);
    await assertUses(byKey('new').map(({ provider }) => provider));
  });

  const read = async <T>(work: (pool: ReturnType<typeof createPool>) => Promise<T>): Promise<T> => {
    const pool = createPool({
      connectionString: database.url,
      applicationName: 'test',
      max: 1,
      onError: () => undefined,
    });
    try {
      return await work(pool);
    } finally {
      await pool.end();
    }
  };

  /** Each of them was another event. */
  async function assertStored(count: number): Promise<void> {
    const { rows } = await read(pool =>
      pool.query<{ count: number }>('select count(*)::int as count from inbox'),
    );
    assert.equal(rows[0]?.count, count);
  }

  /** What `ackline sources` tells of the new secrets, written by the ingress at its end. */
  async function assertUses(sent: readonly string[]): Promise<void> {
    const uses = await read(readSecretUses);
    for (const provider of providers.values()) {
      const fingerprint = secretFingerprint(provider.name, keysOf(provider, 'new').secret);
      const use = uses.find(known => known.source === provider.name && known.fingerprint === fingerprint);
      assert.equal(use?.uses, sent.filter(name => name === provider.name).length, provider.name);
    }
  }
});
