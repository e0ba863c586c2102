import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { recordOutcomes } from '@ackline/store/delivery-outcomes';
import { sweepKept } from '@ackline/store/kept-sweep';
import { lockListing } from '@ackline/store/listing-lock';
import { announceReplay, countReplay } from '@ackline/store/replay-count';
import { stepReplay } from '@ackline/store/replay-release';
import { changeReplay, insertReplay, readReplay, type Replay } from '@ackline/store/replays';
import { dropDay, listExpiredDays } from '@ackline/store/retention';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { inTransaction } from '@ackline/store/transaction';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool, PoolClient } from 'pg';
import { claim, openPool, outcomeOf, storeDeliveries, sweepAllKept } from './rows.ts';

const KEEP_DAYS = 30;
/** Over for long. */
const DAY = '2026-01-02';
/** Nothing ends it. */
const ON = new AbortController().signal;
/** A drop that comes while somebody lists has the lock in time, however slow the machine is. */
const PATIENT = { signal: ON, lockLimitMs: 30_000 };

describe('finished deliveries that a replay lists while they are removed', () => {
  let database: TestDatabase;
  let pool: Pool;
  /** While it has the lock 7, who lists waits, with all of a page listed and nothing committed. */
  let gate: PoolClient;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url, 10);
    await pool.query(`
      create function hold() returns trigger language plpgsql as
        $$ begin perform pg_advisory_xact_lock_shared(7); return null; end $$;
      create trigger hold after insert on replay_items execute function hold()`);
    gate = await pool.connect();
  });
  beforeEach(async () => {
    await pool.query(
      'truncate events, kept_events, deliveries, finished_deliveries, replays, replay_items, replay_ends, audit',
    );
  });
  after(async () => {
    gate.release(true);
    await pool.end();
    await database.close();
  });

  async function makeDay(): Promise<void> {
    for (const table of ['events', 'finished_deliveries']) {
      await pool.query(
        `create table if not exists ${table}_20260102 partition of ${table} for values from ('${DAY}') to (date '${DAY}' + 1)`,
      );
    }
  }
  /** Two that were delivered, of a day that is over. */
  async function deliver(): Promise<void> {
    await storeDeliveries(pool, [{}, {}]);
    const claimed = await claim(pool);
    await recordOutcomes(
      pool,
      claimed.map(row => outcomeOf(row)),
    );
    await pool.query('update events set stored_day = $1', [DAY]);
    await pool.query(
      "update finished_deliveries set stored_day = $1, finished_at = now() - interval '2 days'",
      [DAY],
    );
  }
  const announce = () =>
    announceReplay(pool, { filter: { state: 'delivered' }, actor: 'anna', ratePerS: 50, trickle: 5 });
  /** Of a replay, once all of it went. */
  async function released(replay: Replay | null): Promise<unknown> {
    assert.ok(replay);
    await changeReplay(pool, replay.id, { change: 'start', actor: 'anna' });
    const step = await stepReplay(pool, replay.id, () => ({
      kind: 'release',
      limit: 10,
      maxOpen: 10,
      windowMs: 1_000,
    }));
    return { counted: replay.counted, released: step?.released, skipped: step?.skipped };
  }
  const waiting = (count: number, what: string) =>
    waitFor(
      async () =>
        (
          await pool.query(
            "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
          )
        ).rowCount === count,
      { what },
    );
  async function countOf(text: string): Promise<number> {
    const { rows } = await pool.query<{ count: number }>(`select count(*)::int as count from ${text}`);
    return rows[0]!.count;
  }

  it('stay with their day, where they were listed after that was found to be over (T6)', async () => {
    await makeDay();
    await deliver();
    assert.deepEqual(await listExpiredDays(pool, KEEP_DAYS), [DAY]);
    const replay = await announce();
    assert.deepEqual(await dropDay(pool, DAY, { signal: ON }), { kind: 'needed' });
    assert.deepEqual(await released(replay), { counted: 2, released: 2, skipped: 0 });
    assert.equal((await dropDay(pool, DAY, { signal: ON })).kind, 'dropped');
    assert.equal((await claim(pool)).length, 2);
    assert.equal(await countOf('kept_events'), 2);
  });

  it('stay with their day, where they are just being listed when it is dropped (T6)', async () => {
    await makeDay();
    await deliver();
    await gate.query('select pg_advisory_lock(7)');
    const announcing = announce();
    await waiting(1, 'the list to be there, not committed');
    assert.deepEqual(await listExpiredDays(pool, KEEP_DAYS), [DAY]);
    const dropping = dropDay(pool, DAY, PATIENT);
    await waiting(2, 'the drop to wait for who lists');
    await gate.query('select pg_advisory_unlock(7)');
    const replay = await announcing;
    assert.deepEqual(await dropping, { kind: 'needed' });
    assert.deepEqual(await released(replay), { counted: 2, released: 2, skipped: 0 });
  });

  it('are not counted where their day went first', async () => {
    await makeDay();
    await deliver();
    assert.equal((await dropDay(pool, DAY, PATIENT)).kind, 'dropped');
    assert.equal(await announce(), null);
  });

  it('stay in the default partition while they are listed, and until they are sent (T6)', async () => {
    await dropDay(pool, DAY, PATIENT);
    await deliver();
    await gate.query('select pg_advisory_lock(7)');
    const announcing = announce();
    await waiting(1, 'the list to be there, not committed');
    const sweeper = await pool.connect();
    try {
      const swept = await sweepKept(sweeper, KEEP_DAYS, null);
      assert.equal(swept.removed, 0);
      assert.deepEqual(await sweepKept(sweeper, KEEP_DAYS, swept.next), swept, 'the same piece is next');
      await gate.query('select pg_advisory_unlock(7)');
      const replay = await announcing;
      assert.equal((await sweepAllKept(pool, KEEP_DAYS)).finished, 0);
      assert.deepEqual(await released(replay), { counted: 2, released: 2, skipped: 0 });
    } finally {
      sweeper.release();
    }
  });

  it('hold nobody up who lists, however long it takes to remove them: that is tried again with fewer of them', async () => {
    await dropDay(pool, DAY, PATIENT);
    await deliver();
    await gate.query('begin; select from finished_deliveries for update'); // of somebody who takes long
    const sweeper = await pool.connect();
    try {
      await sweeper.query("set statement_timeout = '10min'"); // as that of retention
      const sweeping = sweepKept(sweeper, KEEP_DAYS, null);
      await waiting(1, 'the sweep to wait for the rows');
      const replay = await announce();
      assert.equal(replay?.counted, 2);
      const { removed, next } = await sweeping;
      assert.equal(removed, 0);
      assert.equal(next?.looksAt, 1_000);
      await changeReplay(pool, replay.id, { change: 'cancel', actor: 'anna' });
      await gate.query('commit');
      assert.equal((await sweepKept(sweeper, KEEP_DAYS, next)).removed, 2);
    } finally {
      await gate.query('rollback');
      sweeper.release(true);
    }
  });

  it('go all the same, where lists are made one beside the other all the time', async () => {
    await dropDay(pool, DAY, PATIENT);
    await deliver();
    let pages = 0;
    const stop = new AbortController();
    const list = async () => {
      while (!stop.signal.aborted)
        await inTransaction(pool, async client => {
          await lockListing(client);
          pages += 1;
          // The other one has its lock before this one lets go of its own.
          const before = pages;
          await waitFor(async () => pages > before || stop.signal.aborted || (await lockedOut()));
        });
    };
    const lockedOut = async () =>
      (
        await pool.query(
          "select from pg_locks where locktype = 'advisory' and not granted and mode = 'ExclusiveLock'",
        )
      ).rowCount !== 0;
    const lists = [list(), list()];
    try {
      await waitFor(() => pages > 10);
      assert.equal((await sweepAllKept(pool, KEEP_DAYS)).finished, 2);
    } finally {
      stop.abort();
      await Promise.all(lists);
    }
  });

  it('of a day that is over are not listed by who says how long days are kept, and do not keep it', async () => {
    await makeDay();
    await deliver();
    const replay = { filter: { state: 'delivered' as const }, actor: 'anna' };
    const counted = async (keptDays: number) => {
      const id = await insertReplay(pool, { ...replay, ratePerS: 50, trickle: 5 });
      await countReplay(pool, { ...replay, id, keptDays });
      const { state, counted: count } = (await readReplay(pool, id))!;
      await changeReplay(pool, id, { change: 'cancel', actor: 'anna' });
      return [state, count];
    };
    assert.deepEqual(await counted(100_000), ['announced', 2]);
    assert.deepEqual(await counted(KEEP_DAYS), ['cancelled', 0]);
    assert.equal((await dropDay(pool, DAY, PATIENT)).kind, 'dropped');
  });

  it('that nobody lists any more go from the default partition', async () => {
    await dropDay(pool, DAY, PATIENT);
    await deliver();
    const replay = await announce();
    await changeReplay(pool, replay!.id, { change: 'cancel', actor: 'anna' });
    assert.equal((await sweepAllKept(pool, KEEP_DAYS)).finished, 2);
  });
});
