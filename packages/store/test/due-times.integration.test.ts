import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { AttemptRecord } from '@ackline/store/deliveries';
import { recordOutcomes } from '@ackline/store/delivery-outcomes';
import { ALL_DELIVERIES, shortenWaits } from '@ackline/store/due-times';
import { inTransaction } from '@ackline/store/transaction';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { settableClock } from '@ackline/testkit/database-clock';
import type { Pool } from 'pg';
import { claim, type DeliveryWish, openPool, outcomeOf, storeDeliveries } from './rows.ts';

const HOUR_MS = 3_600_000;
const attempt = (overrides: Partial<AttemptRecord>): AttemptRecord => ({
  at: '2026-11-28T10:00:00.000Z',
  ms: 1,
  outcome: 'retry',
  status: 503,
  error: null,
  excerpt: null,
  ...overrides,
});

describe('deliveries whose times were given before PostgreSQL’s clock was set back', () => {
  let database: TestDatabase;
  let pool: Pool;
  let setClock: (shift: string) => Promise<void>;
  before(async () => {
    database = await createTestDatabase();
    setClock = await settableClock(database);
    pool = openPool(database.url);
  });
  beforeEach(async () => {
    await pool.query('truncate events, deliveries, finished_deliveries');
    await setClock('0');
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  /** Hours from now until each is due, in the order stored; 0: it is. */
  async function waits(): Promise<readonly number[]> {
    const { rows } = await pool.query<{ hours: number }>(
      'select round(greatest(extract(epoch from due_at - now()), 0)::numeric / 3600, 2)::float8 as hours from deliveries order by seq',
    );
    return rows.map(row => row.hours);
  }
  const shorten = () => shortenWaits(pool, ALL_DELIVERIES);
  async function tryOnce(wish: DeliveryWish, record: AttemptRecord, afterMs: number): Promise<void> {
    const [row] = await storeDeliveries(pool, [wish]);
    const claimed = await claim(pool);
    await recordOutcomes(
      pool,
      claimed.map(one => outcomeOf(one, { state: 'due', afterMs, attempt: record })),
    );
    assert.ok(claimed.some(({ id }) => id === row!.id));
  }

  it('that were never tried are due as they were told: at once, also behind another of their key, or when their limit lets them', async () => {
    await setClock('8 hours');
    await storeDeliveries(pool, [
      { orderingKey: 'a' },
      { orderingKey: 'a' },
      {},
      { notBefore: Date.now() + 11 * HOUR_MS },
    ]);
    await setClock('0');
    assert.deepEqual(await waits(), [8, 8, 8, 11]);
    assert.deepEqual(await shorten(), { moved: 4, next: null });
    assert.deepEqual(await waits(), [0, 0, 0, 3]);
    assert.deepEqual(await shorten(), { moved: 0, next: null }, 'once is enough');
    assert.equal((await claim(pool)).length, 2);
  });

  it('are due after their whole wait again where they were tried, by what it was told then', async () => {
    await setClock('8 hours');
    await tryOnce({}, attempt({ afterMs: 2 * HOUR_MS }), 2 * HOUR_MS);
    await tryOnce({}, attempt({ outcome: 'hold', status: null, error: 'aborted' }), 1_000);
    await setClock('0');
    assert.deepEqual(await waits(), [10, 8]);
    assert.equal((await shorten()).moved, 2);
    assert.deepEqual(await waits(), [2, 0]);
  });

  it('wait for a day at most where a release of before said nothing of the wait', async () => {
    await setClock('30 days');
    await tryOnce({}, attempt({}), 2 * HOUR_MS);
    await pool.query('update deliveries set created_at = now()');
    await setClock('0');
    await shorten();
    assert.deepEqual(await waits(), [24]);
  });

  it('wait as they were told where the clock was right, of whatever kind they are', async () => {
    await tryOnce({}, attempt({ afterMs: 24 * HOUR_MS }), 24 * HOUR_MS);
    await tryOnce({}, attempt({}), 2 * HOUR_MS);
    await storeDeliveries(pool, [
      { orderingKey: 'a' },
      { orderingKey: 'a' },
      { notBefore: Date.now() + 5 * HOUR_MS },
    ]);
    const before = await pool.query('select * from deliveries order by seq');
    assert.deepEqual(await shorten(), { moved: 0, next: null });
    assert.deepEqual((await pool.query('select * from deliveries order by seq')).rows, before.rows);
  });

  it('are looked through by pieces, and what somebody has locked is left to the next look', async () => {
    await setClock('8 hours');
    await storeDeliveries(pool, Array(2_500).fill({}));
    await setClock('0');
    await inTransaction(pool, async client => {
      await client.query('select from deliveries order by id limit 10 for update');
      const first = await shorten();
      assert.equal(first.moved, 990);
      const second = await shortenWaits(pool, String(first.next));
      assert.equal(second.moved, 1_000);
      assert.deepEqual(await shortenWaits(pool, String(second.next)), { moved: 500, next: null });
    });
    assert.equal((await shorten()).moved, 10);
  });
});
