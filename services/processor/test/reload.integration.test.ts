import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readProcessorStates } from '@ackline/store/processors';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { type FakeReceiver, startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { freePort } from '@ackline/testkit/free-port';
import { scrape } from '@ackline/testkit/scrape';
import { type SpawnedService, spawnService } from '@ackline/testkit/spawn-service';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { Webhook } from 'standardwebhooks';
import { appendToInbox, openPool, sampleEvent } from './events.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const [FIRST_SECRET, SECOND_SECRET] = ['first', 'other'].map(
  word => `whsec_${Buffer.from(`the ${word} signing key, of 32 bytes`).toString('base64')}`,
);
const SLOW = { timeoutMs: 30_000 };

interface Declared {
  readonly sources?: readonly string[];
  /** "source → destination" by the names. */
  readonly routes?: Readonly<Record<string, string>>;
  /** URL and more of each, by its name. */
  readonly destinations?: Readonly<Record<string, string>>;
}

function yaml({ sources = ['telegram'], routes = {}, destinations = {} }: Declared): string {
  const lists = {
    sources: sources.map(
      name => `{ name: ${name}, provider: telegram, path: /webhook/${name}, secrets: [{ env: TOKEN }] }`,
    ),
    routes: Object.entries(routes).map(
      ([source, destination]) =>
        `{ name: ${source}-to-${destination}, match: { source: ${source} }, destination: ${destination} }`,
    ),
    destinations: Object.entries(destinations).map(
      ([name, rest]) =>
        `{ name: ${name}, type: http, retry: { schedule: [200ms, 200ms, 1h], jitter: none }, url: ${rest} }`,
    ),
  };
  return Object.entries(lists)
    .map(([key, items]) => `${key}: [${items.join(', ')}]\n`)
    .join('');
}

describe('a processor whose ackline.yaml changes', () => {
  let folder: string;
  let database: TestDatabase;
  let pool: Pool;
  let [crm, other]: FakeReceiver[] = [];
  let service: SpawnedService;
  let operations: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ackline-reload-'));
    database = await createTestDatabase();
    pool = openPool(database.url);
    await put({ routes: { telegram: 'crm' }, destinations: { crm: 'http://127.0.0.1:9/' } });
    const port = await freePort();
    operations = `http://127.0.0.1:${port}`;
    service = await spawnService(MAIN, {
      cwd: folder,
      readyUrl: `${operations}/readyz`,
      env: {
        DATABASE_URL: database.url,
        OPS_HOST: '127.0.0.1',
        OPS_PORT: String(port),
        FIRST_SECRET: FIRST_SECRET ?? '',
        SECOND_SECRET: SECOND_SECRET ?? '',
      },
    });
  });
  beforeEach(async () => {
    [crm, other] = await Promise.all([startFakeReceiver(), startFakeReceiver()]);
  });
  afterEach(async () => {
    await Promise.all([crm?.close(), other?.close()]);
    await pool.query('truncate inbox, event_keys, events, unrouted_events, deliveries, finished_deliveries');
  });
  after(async () => {
    const exit = await service.stop();
    await pool.end();
    await database.close();
    await rm(folder, { recursive: true });
    assert.deepEqual(exit, { code: 0, signal: null }, service.output());
  });

  async function put(declared: Declared | string): Promise<void> {
    const text = typeof declared === 'string' ? declared : yaml(declared);
    await writeFile(join(folder, 'next.yaml'), text);
    await rename(join(folder, 'next.yaml'), join(folder, 'ackline.yaml'));
  }
  const logged = (event: string) => service.output().split(`"${event}"`).length - 1;
  /** Puts the file there, sends SIGHUP, and waits for what the log says of it. */
  async function reload(declared: Declared | string, event = 'config.reloaded'): Promise<void> {
    const before = logged(event);
    await put(declared);
    service.kill('SIGHUP');
    await waitFor(() => logged(event) > before, { ...SLOW, what: event });
  }
  const states = async (): Promise<readonly (string | null)[]> => {
    const { rows } = await pool.query<{ state: string | null }>(
      'select d.state from events e left join all_deliveries d on d.event_id = e.id order by e.seq',
    );
    return rows.map(row => row.state);
  };
  const untilStates = (...expected: readonly (string | null)[]) =>
    waitFor(async () => JSON.stringify(await states()) === JSON.stringify(expected), {
      ...SLOW,
      what: String(expected),
    });
  const append = (source = 'telegram') => appendToInbox(pool, [sampleEvent({ source })]);

  it('takes a new route and a new destination for what comes next', async () => {
    await reload({});
    await append();
    await untilStates(null);
    await reload({ routes: { telegram: 'new' }, destinations: { new: `${crm?.url}/new` } });
    await append();
    await untilStates(null, 'delivered');
    assert.equal(crm?.requests[0]?.url, '/new');
  });

  it('counts what a new destination opens and parks from none on', async () => {
    await reload({ routes: { telegram: 'added' }, destinations: { added: `${crm?.url}/` } });
    const shown = await scrape(operations);
    assert.deepEqual(
      [
        shown.value('ackline_breaker_openings_total', { breaker: 'added' }),
        shown.value('ackline_delivery_attempts_total', { destination: 'added', outcome: 'park' }),
      ],
      [0, 0],
    );
  });

  it('takes them without a signal too, once the file has changed', async () => {
    await reload({});
    await put({ routes: { telegram: 'changed' }, destinations: { changed: `${crm?.url}/` } });
    await waitFor(async () => {
      await append();
      return (await states()).includes('delivered');
    }, SLOW);
  });

  it('delivers what came of a source before it knew it', async () => {
    await reload({});
    await append('late');
    await untilStates(null);
    await reload({
      sources: ['telegram', 'late'],
      routes: { late: 'crm' },
      destinations: { crm: `${crm?.url}/` },
    });
    await untilStates('delivered');
  });

  it('uses another URL and another secret at the next attempt of what waits', async () => {
    const signed = (receiver: FakeReceiver | undefined, secret: string): Declared => ({
      routes: { telegram: 'crm' },
      destinations: { crm: `${receiver?.url}/, signingSecret: { env: ${secret} }` },
    });
    crm?.always({ status: 503 });
    await reload(signed(crm, 'FIRST_SECRET'));
    await append();
    await waitFor(() => (crm?.requests.length ?? 0) >= 1, SLOW);
    await reload(signed(other, 'SECOND_SECRET'));
    // The third try of the schedule would wait for an hour.
    await pool.query("update deliveries set due_at = now() where state = 'due'");
    await untilStates('delivered');
    const verify = (receiver: FakeReceiver | undefined, secret: string | undefined) => {
      const [request] = receiver?.requests ?? [];
      assert.ok(request);
      new Webhook(secret ?? '').verify(request.body.toString(), Object.fromEntries(request.rawHeaders));
    };
    verify(crm, FIRST_SECRET);
    verify(other, SECOND_SECRET);
  });

  it('sends other headers with the next attempt of what waits, and needs their secrets', async () => {
    const headed = (headers: string): Declared => ({
      routes: { telegram: 'crm' },
      destinations: { crm: `${crm?.url}/, headers: ${headers}` },
    });
    const sent = () => {
      const { 'x-team': team, 'x-api-key': key } = Object.fromEntries(crm?.requests.at(-1)?.rawHeaders ?? []);
      return [team, key];
    };
    crm?.always({ status: 503 });
    await reload(headed('{ x-team: shop, x-api-key: { env: FIRST_SECRET } }'));
    await append();
    await waitFor(() => (crm?.requests.length ?? 0) >= 1, SLOW);
    assert.deepEqual(sent(), ['shop', FIRST_SECRET]);
    await reload(headed('{ x-team: shop, x-api-key: { env: NOBODYS } }'), 'config.refused');
    assert.match(
      service.output(),
      /environment variable NOBODYS is not set \(destination crm, headers\.x-api-key\)/,
    );
    crm?.always({ status: 200 });
    await reload(headed('{ x-team: sales, x-api-key: { env: SECOND_SECRET } }'));
    // The third try of the schedule would wait for an hour.
    await pool.query("update deliveries set due_at = now() where state = 'due'");
    await untilStates('delivered');
    assert.deepEqual(sent(), ['sales', SECOND_SECRET]);
    for (const secret of [FIRST_SECRET, SECOND_SECRET]) assert.ok(!service.output().includes(secret ?? '?'));
  });

  it('holds the work of a destination that is gone, and delivers it when that comes back', async () => {
    const declared = { routes: { telegram: 'crm' }, destinations: { crm: `${crm?.url}/` } };
    crm?.always({ status: 503 });
    await reload(declared);
    await append();
    await waitFor(() => (crm?.requests.length ?? 0) >= 1, SLOW);
    await reload({ destinations: { other: `${other?.url}/` }, routes: { telegram: 'other' } });
    await untilStates('due');
    const tried = crm?.requests.length;
    crm?.always({ status: 200 });
    await pool.query("update deliveries set due_at = now() where state = 'due'");
    await append(); // goes where things go now, after any number of looks at what is due
    await untilStates('due', 'delivered');
    assert.equal(crm?.requests.length, tried);
    await reload(declared);
    await untilStates('delivered', 'delivered');
  });

  it('changes nothing by a bad file or a secret that is not there, and says so in its state', async () => {
    const declared = { routes: { telegram: 'crm' }, destinations: { crm: `${crm?.url}/` } };
    await reload(declared);
    const isUnable = async () =>
      (await scrape(operations)).value('ackline_retention_unable', { what: 'days' });
    assert.equal(await isUnable(), 0);
    const stateError = async () => {
      const [state] = await readProcessorStates(pool);
      return (state?.state['config'] as { error: unknown } | undefined)?.error;
    };
    await reload(
      { routes: { telegram: 'nobody' }, destinations: { crm: `${other?.url}/` } },
      'config.refused',
    );
    await append();
    await untilStates('delivered');
    await waitFor(async () => (await stateError()) === 'ACKLINE_CONFIG_INVALID', SLOW);
    assert.equal(await isUnable(), 1, 'nothing is removed by the old one');
    const unsigned = {
      ...declared,
      destinations: { crm: `${other?.url}/, signingSecret: { env: NOBODYS }` },
    };
    await reload(unsigned, 'config.refused');
    await append();
    await untilStates('delivered', 'delivered');
    assert.equal(crm?.requests.length, 2);
    assert.equal(other?.requests.length, 0);
    await waitFor(async () => (await stateError()) === 'ACKLINE_SECRET_MISSING', SLOW);
    await reload(declared);
    await waitFor(async () => (await stateError()) === null, SLOW);
    assert.equal(await isUnable(), 0);
  });

  it('logs what its file says from then on', async () => {
    await reload({});
    const before = logged('log.level-changed');
    await put(`logLevel: error\n${yaml({})}`);
    service.kill('SIGHUP');
    await waitFor(() => logged('log.level-changed') > before, { ...SLOW, what: 'its last line at info' });
    const reloads = logged('config.reloaded');
    await put(yaml({}));
    service.kill('SIGHUP');
    await waitFor(() => logged('log.level-changed') > before + 1, { ...SLOW, what: 'the change back' });
    assert.ok(logged('config.reloaded') <= reloads + 1, 'the reload at the level error said nothing');
  });
});
