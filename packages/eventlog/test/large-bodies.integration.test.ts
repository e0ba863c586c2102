import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { AppError } from '@ackline/shared/app-error';
import { createPool } from '@ackline/store/pool';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import type { ComposedLog } from '../src/composed-log.ts';
import { connectEventLog } from '../src/connect-event-log.ts';
import { sampleEvent } from './event-sample.ts';

const MIB = 1024 * 1024;
/** Any number: as long as the test has this lock, PostgreSQL does not commit a large body. */
const HELD_UP = 1;
const quiet = { warn: () => undefined, info: () => undefined, error: () => undefined } as never;
const code = (expected: string) => (error: unknown) => error instanceof AppError && error.code === expected;

describe('large bodies of one source and small events of another', () => {
  let database: TestDatabase;
  let direct: Pool;

  const open = (applicationName: string, max: number): Pool =>
    createPool({ connectionString: database.url, applicationName, max, onError: () => undefined });

  before(async () => {
    database = await createTestDatabase();
    direct = open('large-bodies-test', 2);
    await direct.query(`create function take_long() returns trigger language plpgsql as $$
      begin
        if octet_length(new.body) > 600 * 1024 then perform pg_advisory_xact_lock_shared(${HELD_UP}); end if;
        return new;
      end $$`);
  });
  after(async () => {
    await direct.end();
    await database.close();
  });

  /** As an ingress has it, without Kafka and without a spool: what PostgreSQL does not take is refused. */
  async function withLog(use: (log: ComposedLog) => Promise<void>): Promise<void> {
    const pool = open('ingress', 5);
    const log = await connectEventLog({
      guard: null,
      kafka: null,
      pool,
      breaker: { failures: 10, resetMs: 60_000 },
      log: quiet,
    });
    try {
      await use(log);
    } finally {
      await log.close();
      await pool.end();
    }
  }

  const small = () => sampleEvent({ source: 'small' });
  const large = (bytes: number) =>
    sampleEvent({ source: 'large', orderingKey: null, body: Buffer.alloc(bytes, 0xa5) });

  /** Appends small events one by one for as long as `busy` is; each has to be accepted, and the log to be well. */
  async function smallOnesWhile(log: ComposedLog, busy: Promise<unknown>): Promise<number> {
    let isBusy = true;
    const end = (): void => void (isBusy = false);
    busy.then(end, end);
    let accepted = 0;
    for (; isBusy; accepted += 1) {
      assert.deepEqual(await log.append(small()), { tier: 'inbox' });
      assert.equal(log.reachable(), true);
      assert.deepEqual(log.snapshot().tiers[0]?.breaker, { status: 'CLOSED', failures: 0, threshold: 3 });
    }
    return accepted;
  }

  it('are all taken, the small ones while the large ones are under way', async () => {
    await withLog(async log => {
      const flood = Promise.all(Array.from({ length: 4 }, () => log.append(large(MIB))));
      await smallOnesWhile(log, flood);
      assert.deepEqual(await flood, Array(4).fill({ tier: 'inbox' }));
      const { rows } = await direct.query('select 1 from inbox where octet_length(body) = $1', [MIB]);
      assert.equal(rows.length, 4);
    });
  });

  it('disturb nobody where PostgreSQL does not commit the large ones in time', async () => {
    await direct.query(
      'create trigger take_long before insert on inbox for each row execute function take_long()',
    );
    await withLog(async log => {
      const heldUp = async (): Promise<number> => {
        const text = `select 1 from pg_stat_activity where datname = $1 and wait_event = 'advisory'`;
        return (await direct.query(text, [database.name])).rows.length;
      };
      const holder = await direct.connect();
      await holder.query('select pg_advisory_lock($1)', [HELD_UP]);
      try {
        for (let round = 0; round < 2; round += 1) {
          const flood = Promise.allSettled(Array.from({ length: 6 }, () => log.append(large(MIB))));
          const accepted = await smallOnesWhile(log, flood);
          assert.ok(accepted > 0);
          for (const result of await flood) {
            assert.ok(result.status === 'rejected' && code('ACKLINE_NOT_DURABLE')(result.reason));
          }
          assert.equal(await heldUp(), 1, 'what nobody waits for any more has one connection');
        }
      } finally {
        holder.release(true); // and the lock with it
      }
      await waitFor(async () => (await heldUp()) === 0, { what: 'the late one to end' });
      await direct.query('drop trigger take_long on inbox');
      await waitFor(
        () =>
          log.append(large(MIB)).then(
            () => true,
            () => false,
          ),
        { what: 'the slot' },
      );
    });
  });
});
