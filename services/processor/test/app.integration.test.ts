import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PROCESSOR_GONE_MS, readProcessorStates } from '@ackline/store/processors';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { type FakeReceiver, startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { freePort } from '@ackline/testkit/free-port';
import { type SpawnedService, spawnService } from '@ackline/testkit/spawn-service';
import { startTcpProxy } from '@ackline/testkit/tcp-proxy';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { Webhook } from 'standardwebhooks';
import { readStandingLanes } from '../src/standing-lanes.ts';
import { appendToInbox, openPool, sampleEvent } from './events.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const SECRET = `whsec_${Buffer.from('a signing key of thirty-two bytes').toString('base64')}`;

interface Row {
  readonly event_id: string;
  readonly state: string;
  readonly interruptions: number;
}

describe('the processor as a process', () => {
  let folder: string;
  let database: TestDatabase;
  let pool: Pool;
  let receiver: FakeReceiver;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ackline-processor-'));
    database = await createTestDatabase();
    pool = openPool(database.url);
    receiver = await startFakeReceiver();
    await writeFile(
      join(folder, 'ackline.yaml'),
      `sources:
  - { name: telegram, provider: telegram, path: /webhook/telegram, secrets: [{ env: WEBHOOK_SECRET_TOKEN }] }
routes:
  - { name: all, destination: crm }
destinations:
  - name: crm
    type: http
    url: ${receiver.url}/hook
    timeout: 30s
    ordering: key
    retry: { schedule: [1ms, 1ms, 1ms], jitter: none }
    signingSecret: { env: SIGNING }
`,
    );
  });
  beforeEach(async () => {
    receiver.clear();
    receiver.always({ status: 200 });
    await pool.query(
      'truncate inbox, event_keys, events, unrouted_events, deliveries, finished_deliveries, processors, source_totals, delivery_totals',
    );
  });
  after(async () => {
    await receiver.close();
    await pool.end();
    await database.close();
    await rm(folder, { recursive: true });
  });

  async function start(
    env: Readonly<Record<string, string>> = {},
  ): Promise<SpawnedService & { port: number }> {
    const port = await freePort();
    const service = await spawnService(MAIN, {
      cwd: folder,
      readyUrl: `http://127.0.0.1:${port}/readyz`,
      env: {
        DATABASE_URL: database.url,
        OPS_HOST: '127.0.0.1',
        OPS_PORT: String(port),
        SIGNING: SECRET,
        ...env,
      },
    });
    return Object.assign(service, { port });
  }
  async function rows(): Promise<readonly Row[]> {
    return (await pool.query<Row>('select * from all_deliveries order by seq')).rows;
  }
  const untilDelivered = (count: number) =>
    waitFor(
      async () => {
        const all = await rows();
        return all.length === count && all.every(row => row.state === 'delivered');
      },
      { what: `${count} deliveries`, timeoutMs: 30_000 },
    );

  it('delivers what the inbox holds and what comes, signed and in order, and ends with 0 on SIGTERM', async () => {
    const before = Array.from({ length: 20 }, (_, n) =>
      sampleEvent({ orderingKey: 'chat', body: Buffer.from(`{"n":${n}}`) }),
    );
    await appendToInbox(pool, before);
    const service = await start();
    try {
      await untilDelivered(20);
      receiver.script({ status: 503 });
      const later = sampleEvent({ orderingKey: 'chat', body: Buffer.from('{"n":20}') });
      await appendToInbox(pool, [later]);
      await untilDelivered(21);
      const bodies = receiver.requests.map(request => request.body.toString());
      assert.deepEqual(
        bodies,
        [...Array(21).keys(), 20].map(n => `{"n":${n}}`),
      );
      const [first] = receiver.requests;
      new Webhook(SECRET).verify(first!.body.toString(), Object.fromEntries(first!.rawHeaders));
      const [state] = await readProcessorStates(pool);
      assert.ok(state);
      const metrics = await (await fetch(`http://127.0.0.1:${service.port}/metrics`)).text();
      assert.match(metrics, /ackline_delivery_wait_seconds_count\{[^}]*kind="live"[^}]*\} 22\n/);
      assert.match(metrics, /ackline_\w+\{[^}]*outcome="delivered"[^}]*\} 21\n/);
    } finally {
      const exit = await service.stop();
      assert.deepEqual(exit, { code: 0, signal: null }, service.output());
    }
    assert.deepEqual(await readProcessorStates(pool), []); // it said goodbye
    // And what it had not told of the last minute.
    const { rows: totals } = await pool.query(
      `select sum(stored_inbox)::int as stored, (select sum(delivered)::int from delivery_totals) as delivered,
              (select sum(failed)::int from delivery_totals) as failed from source_totals`,
    );
    assert.deepEqual(totals, [{ stored: 21, delivered: 21, failed: 1 }]);
  });

  it('tells the next one of a lane that stood still, so that rows wait no longer where none lives for long', async () => {
    const event = sampleEvent({ orderingKey: 'chat', body: Buffer.from('{}') });
    await appendToInbox(pool, [event]);
    await pool.query("update inbox set after_offset = 5, appended_at = now() - interval '10 minutes'");
    const seen = async () => (await readStandingLanes(pool)).find(({ stillMs }) => stillMs > 0);
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      await pool.query('truncate processors');
      const service = await start();
      await waitFor(seen, { timeoutMs: 30_000 });
      await service.stop(signal);
      assert.equal((await seen())?.stored, 0n, signal);
    }
    const [left] = await readProcessorStates(pool);
    assert.ok(left !== undefined && left.ageMs >= PROCESSOR_GONE_MS);
    assert.deepEqual(await rows(), []);
    // As after many that lived no longer.
    await pool.query(
      `update processors set state = jsonb_set(state, '{intake,inbox,standing,0,stillMs}', '120000')`,
    );
    const last = await start();
    try {
      await untilDelivered(1);
    } finally {
      await last.stop();
    }
    assert.deepEqual(
      await readProcessorStates(pool).then(states => states.length),
      1,
      'nothing waits any more',
    );
  });

  it('makes the partitions of today before it stores anything, also where none ran for a week', async () => {
    await pool.query(`
      do $$ declare name text; begin
        for name in select relname from pg_class where relname ~ '^(events|finished_deliveries)_[0-9]+$' loop
          execute format('drop table %I', name);
        end loop;
      end $$`);
    await appendToInbox(
      pool,
      Array.from({ length: 20 }, () => sampleEvent()),
    );
    const service = await start();
    try {
      await untilDelivered(20);
      for (const table of ['events', 'finished_deliveries']) {
        assert.equal((await pool.query(`select from ${table}_default`)).rowCount, 0);
      }
    } finally {
      assert.equal((await service.stop()).code, 0, service.output());
    }
  });

  it('killed in the middle loses nothing: the next one sends what was under way again', async () => {
    receiver.always({ hang: true });
    await appendToInbox(pool, [sampleEvent(), sampleEvent()]);
    const killed = await start();
    await waitFor(() => receiver.requests.length === 2);
    await appendToInbox(pool, [sampleEvent()]);
    await waitFor(() => receiver.requests.length === 3);
    assert.deepEqual(await killed.stop('SIGKILL'), { code: null, signal: 'SIGKILL' });
    receiver.always({ status: 200 });
    await pool.query("update deliveries set lease_until = now() where state = 'leased'"); // instead of 40 s
    const next = await start();
    try {
      await untilDelivered(3);
      assert.deepEqual(
        (await rows()).map(row => row.interruptions),
        [1, 1, 1],
      );
    } finally {
      assert.equal((await next.stop()).code, 0, next.output());
    }
  });

  it('is not ready while PostgreSQL is away, says so, lives on, and is ready again', async () => {
    const url = new URL(database.url);
    await using proxy = await startTcpProxy({ port: Number(url.port) });
    url.port = String(proxy.port);
    const service = await start({ DATABASE_URL: url.href });
    const ask = (path: string) => fetch(`http://127.0.0.1:${service.port}${path}`);
    try {
      await proxy.cut();
      await waitFor(async () => (await ask('/readyz')).status === 503, { timeoutMs: 30_000 });
      const { parts } = (await (await ask('/readyz')).json()) as { parts: Record<string, { ok: boolean }> };
      assert.equal(parts['postgres']?.ok, false);
      assert.equal((await ask('/livez')).status, 200);
      await proxy.heal();
      await waitFor(async () => (await ask('/readyz')).status === 200, { timeoutMs: 30_000 });
    } finally {
      assert.equal((await service.stop()).code, 0, service.output());
    }
  });

  it('does not start without what it needs, and says what that is', async () => {
    const refused = await Promise.all([
      spawnService(MAIN, { cwd: folder, env: { OPS_PORT: '0' } }),
      spawnService(MAIN, { cwd: folder, env: { OPS_PORT: '0', DATABASE_URL: database.url } }),
      spawnService(MAIN, {
        cwd: tmpdir(),
        env: { OPS_PORT: '0', DATABASE_URL: database.url, ACKLINE_CONFIG: 'no-such.yaml' },
      }),
    ]);
    const ends = await Promise.all(refused.map(service => service.exited));
    assert.deepEqual(
      ends.map(end => end.code),
      [1, 1, 1],
    );
    assert.match(refused[0]!.output(), /DATABASE_URL/);
    assert.match(refused[1]!.output(), /SIGNING/);
    assert.match(refused[2]!.output(), /no-such\.yaml/);
  });
});
