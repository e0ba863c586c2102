import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { AppError } from '@ackline/shared/app-error';
import { createPool } from '@ackline/store/pool';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { freePort } from '@ackline/testkit/free-port';
import { startTcpProxy, type TcpProxy } from '@ackline/testkit/tcp-proxy';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import type { ComposedLog } from '../src/composed-log.ts';
import { connectEventLog } from '../src/connect-event-log.ts';
import { sampleEvent } from './event-sample.ts';

const quiet = { warn: () => undefined, info: () => undefined, error: () => undefined } as never;
const code = (expected: string) => (error: unknown) => error instanceof AppError && error.code === expected;

describe('inbox and spool behind a link to PostgreSQL', () => {
  let database: TestDatabase;
  let direct: Pool;

  const open = (url: string): Pool =>
    createPool({ connectionString: url, applicationName: 'tiers-test', max: 5, onError: () => undefined });

  before(async () => {
    database = await createTestDatabase();
    direct = open(database.url);
  });
  after(async () => {
    await direct.end();
    await database.close();
  });

  const inInbox = async (ids: readonly string[]): Promise<number> =>
    (await direct.query('select 1 from inbox where id = any($1::uuid[])', [ids])).rows.length;

  async function behindProxy(
    withSpool: boolean,
    use: (log: ComposedLog, proxy: TcpProxy) => Promise<void>,
  ): Promise<void> {
    const url = new URL(database.url);
    const proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
    url.hostname = '127.0.0.1';
    url.port = String(proxy.port);
    const pool = open(url.href);
    const directory = await mkdtemp(join(tmpdir(), 'ackline-tiers-'));
    const spool = { directory, maxBytes: 64 * 1024 * 1024, maxAgeMs: 60_000, allowEphemeral: true };
    const log = await connectEventLog({
      guard: null,
      kafka: null,
      pool,
      spool: withSpool ? spool : null,
      breaker: { failures: 10, resetMs: 60_000 },
      log: quiet,
    });
    try {
      await use(log, proxy);
    } finally {
      await proxy.heal();
      await log.close();
      await pool.end();
      await proxy.close();
      await rm(directory, { recursive: true });
    }
  }

  const faults: readonly [string, (proxy: TcpProxy) => unknown][] = [
    ['cut', proxy => proxy.cut()],
    ['silent', proxy => proxy.stall()],
    ['slower than the budget', proxy => proxy.slow(2_500)],
  ];

  for (const [name, breakIt] of faults) {
    it(`keeps every acked event while PostgreSQL is ${name}, and moves all to it when it is back`, async () => {
      await behindProxy(true, async (log, proxy) => {
        assert.deepEqual(await log.append(sampleEvent()), { tier: 'inbox' });
        await breakIt(proxy);
        const acked: string[] = [];
        const appendOne = async () => {
          const event = sampleEvent();
          const receipt = await log.append(event);
          acked.push(event.id);
          return receipt.tier;
        };
        await Promise.all(Array.from({ length: 20 }, appendOne));
        await waitFor(() => log.snapshot().tierInUse === 'spool', { what: 'the gate to shut' });
        const breaker = log.snapshot().tiers[0]?.breaker;
        for (let i = 0; i < 20; i += 1) assert.equal(await appendOne(), 'spool');
        assert.deepEqual(log.snapshot().tiers[0]?.breaker, breaker, 'nobody asked PostgreSQL');
        await proxy.heal();
        await waitFor(async () => (await appendOne()) === 'inbox', { timeoutMs: 30_000 });
        await waitFor(() => log.snapshot().spool?.events === 0, {
          timeoutMs: 30_000,
          what: 'the spool to drain',
        });
        assert.equal(await inInbox(acked), acked.length);
      });
    });
  }

  it('sets aside a spooled event that PostgreSQL can never hold, and moves the others', async () => {
    await direct.query(`alter table inbox add constraint no_poison check (octet_length(body) <> 13)`);
    await behindProxy(true, async (log, proxy) => {
      await proxy.cut();
      const events = Array.from({ length: 20 }, (_, i) =>
        sampleEvent({ orderingKey: `key ${i}`, body: Buffer.alloc(i) }),
      );
      for (const event of events) assert.deepEqual(await log.append(event), { tier: 'spool' });
      await proxy.heal();
      await waitFor(() => log.snapshot().spool?.events === 0, {
        timeoutMs: 30_000,
        what: 'the spool to drain',
      });
      assert.equal(await inInbox(events.map(({ id }) => id)), 19);
      assert.equal(log.reachable(), true);
    });
    await direct.query('alter table inbox drop constraint no_poison');
  });

  it('has the spool warm when neither Kafka nor PostgreSQL answers at the start', async () => {
    const port = await freePort();
    const pool = open(`postgres://nobody@127.0.0.1:${port}/none`);
    const directory = await mkdtemp(join(tmpdir(), 'ackline-tiers-'));
    const spool = { directory, maxBytes: 64 * 1024 * 1024, maxAgeMs: 60_000, allowEphemeral: true };
    const log = await connectEventLog({
      guard: null,
      kafka: null,
      pool,
      spool,
      breaker: { failures: 10, resetMs: 60_000 },
      log: quiet,
    });
    await waitFor(async () => (await readdir(directory)).some(name => name.endsWith('.sqlite')));
    await log.close();
    await pool.end();
    await rm(directory, { recursive: true });
  });

  it('refuses at once while PostgreSQL is away and there is no spool, and goes on when it is back', async () => {
    await behindProxy(false, async (log, proxy) => {
      proxy.stall();
      await waitFor(async () => {
        await assert.rejects(log.append(sampleEvent()), code('ACKLINE_NOT_DURABLE'));
        return !log.reachable();
      });
      const refused = await Promise.allSettled(
        Array.from({ length: 1_000 }, () => log.append(sampleEvent())),
      );
      assert.ok(refused.every(result => result.status === 'rejected'));
      assert.equal(log.snapshot().queue.size, 0, 'none of them waits for PostgreSQL');
      await proxy.heal();
      await waitFor(
        () =>
          log.append(sampleEvent()).then(
            () => true,
            () => false,
          ),
        { timeoutMs: 30_000 },
      );
      assert.equal(log.reachable(), true);
    });
  });
});
