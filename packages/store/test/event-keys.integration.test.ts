import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { claimEventKeys, type EventKey, sweepEventKeys } from '@ackline/store/event-keys';
import { inTransaction } from '@ackline/store/transaction';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { openPool } from './rows.ts';

describe('dedup keys', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  const key = (dedupKey: string, source = 'telegram'): EventKey => ({
    source,
    dedupKey,
    eventId: randomUUID(),
  });
  const claim = (keys: readonly EventKey[]) => inTransaction(pool, client => claimEventKeys(client, keys));
  const ids = (keys: readonly EventKey[]) => new Set(keys.map(({ eventId }) => eventId));

  it('belong to the first event that claims them, per source', async () => {
    const first = [key('1'), key('2')];
    assert.deepEqual(await claim(first), ids(first));
    const repeat = key('1');
    const fresh = [key('3'), key('1', 'twilio'), key('‘2’ …"\\{},null')];
    assert.deepEqual(await claim([repeat, ...fresh]), ids(fresh));
    assert.deepEqual(await claim([key('NULL'), key('')]).then(set => set.size), 2);
    assert.deepEqual(await claim([]), new Set());
  });

  it('of a transaction that fails are free again', async () => {
    const lost = key('free');
    await assert.rejects(
      inTransaction(pool, async client => {
        await claimEventKeys(client, [lost]);
        throw new Error('killed');
      }),
    );
    const next = key('free');
    assert.deepEqual(await claim([next]), ids([next]));
  });

  /** Holds a key until `release`, and then gives it up. */
  async function hold(name: string): Promise<{ release(): Promise<void> }> {
    const claimed = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const holder = inTransaction(pool, async client => {
      await claimEventKeys(client, [key(name)]);
      claimed.resolve();
      await released.promise;
      throw new Error('killed');
    });
    await claimed.promise;
    return {
      async release() {
        released.resolve();
        await assert.rejects(holder, /killed/);
      },
    };
  }

  const untilWaiting = (count: number) =>
    waitFor(async () => {
      const { rowCount } = await pool.query(
        "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      );
      return rowCount === count;
    });

  it('claimed by two at once in opposite order have one winner each, without a deadlock', async () => {
    const names = ['a', 'm', 'z', 'é'];
    // Both come as far as the key in the middle: unsorted, each would have what the other wants next.
    const middle = await hold('m');
    const first = claim(names.map(name => key(name)));
    await untilWaiting(1);
    const second = claim(names.toReversed().map(name => key(name)));
    await untilWaiting(2);
    await middle.release();
    assert.equal((await first).size, names.length);
    assert.equal((await second).size, 0);
  });

  it('wait for a claim that is not committed yet, and get what it gives up', async () => {
    const held = await hold('held');
    const waiting = key('held');
    const waiter = claim([waiting]);
    await untilWaiting(1);
    await held.release();
    assert.deepEqual(await waiter, ids([waiting]));
  });

  it('go once they are older than the window, from every page of the table, and a later repeat claims anew', async () => {
    await pool.query('truncate event_keys');
    const old = key('old');
    await claim([old]);
    await pool.query(
      `update event_keys set stored_at = now() - interval '8 days 1 minute';
       insert into event_keys (source, dedup_key, event_id, stored_at)
         select 'many', repeat('k', 200) || n, gen_random_uuid(),
                now() - interval '8 days' + case when n % 2 = 0 then -1 else 1 end * interval '1 minute'
           from generate_series(1, 10000) n`,
    );
    const sweeps: number[] = [];
    for (let page: number | null = 0; page !== null; ) {
      const swept = await sweepEventKeys(pool, 8 * 86_400_000, page);
      sweeps.push(swept.removed);
      page = swept.nextPage;
    }
    assert.equal(
      sweeps.reduce((sum, removed) => sum + removed),
      5_001,
    );
    assert.ok(sweeps.length > 1 && sweeps.every(removed => removed > 0), 'a piece at a time');
    const { rows } = await pool.query('select count(*)::int as count from event_keys');
    assert.deepEqual(rows, [{ count: 5_000 }]);
    assert.equal((await claim([key('old'), key(`${'k'.repeat(200)}1`, 'many')])).size, 1);
  });

  it('that are being removed are waited for by a repeat, which is then new', async () => {
    await pool.query('truncate event_keys');
    await claim([key('1')]);
    await pool.query("update event_keys set stored_at = now() - interval '9 days'");
    const repeat = key('1');
    let claimed: Promise<ReadonlySet<string>> = Promise.resolve(new Set());
    await inTransaction(pool, async sweeper => {
      assert.equal((await sweepEventKeys(sweeper, 8 * 86_400_000, 0)).removed, 1);
      claimed = claim([repeat]);
      await waitFor(async () => {
        const waiting = await pool.query(
          "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        );
        return waiting.rowCount === 1;
      });
    });
    assert.deepEqual(await claimed, ids([repeat]));
  });
});
