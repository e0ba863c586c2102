import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { claimEventKeys, type EventKey } from '@ackline/store/event-keys';
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
});
