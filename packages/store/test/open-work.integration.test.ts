import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { recordOutcomes } from '@ackline/store/delivery-outcomes';
import { readInboxDepth, readOpenWork } from '@ackline/store/open-work';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { claim, openPool, outcomeOf, storeDeliveries } from './rows.ts';

describe('the open work at a look', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  beforeEach(() => pool.query('truncate inbox, events, deliveries, finished_deliveries'));
  after(async () => {
    await pool.end();
    await database.close();
  });

  it('is counted by destination and state, without what is finished', async () => {
    await storeDeliveries(pool, [{}, {}, {}, { destination: 'erp' }]);
    const [parked, delivered] = await claim(pool, 2);
    await recordOutcomes(pool, [
      outcomeOf(parked!, { state: 'parked', parkReason: 'exhausted' }),
      outcomeOf(delivered!, { state: 'delivered' }),
    ]);
    const work = await readOpenWork(pool);
    assert.deepEqual(
      work.map(({ destination, state, count }) => [destination, state, count]),
      [
        ['crm', 'due', 1],
        ['crm', 'parked', 1],
        ['erp', 'due', 1],
      ],
    );
    assert.deepEqual(
      work.map(({ oldestMs }) => oldestMs !== null && oldestMs >= 0),
      [true, false, true],
    );
  });

  it('is as old as its oldest live delivery: one that a person sends again is none', async () => {
    const [live, again] = await storeDeliveries(pool, [{}, {}]);
    await pool.query("update deliveries set created_at = now() - interval '1 hour' where id = $1", [
      live!.id,
    ]);
    await pool.query(
      "update deliveries set created_at = now() - interval '9 days', replay = true where id = $1",
      [again!.id],
    );
    const [due, replay] = await readOpenWork(pool);
    assert.equal(Math.floor((due?.oldestMs ?? 0) / 3_600_000), 1);
    assert.deepEqual([replay?.state, replay?.count, replay?.oldestMs], ['replay', 1, null]);
  });

  it('is looked at no further than its bound', async () => {
    await storeDeliveries(pool, [{}, {}, {}]);
    const [due] = await readOpenWork(pool, 2);
    assert.equal(due?.count, 2);
  });
});

describe('the depth of the inbox', () => {
  it('is what waits there, and how long the oldest has', async () => {
    const database = await createTestDatabase();
    const pool = openPool(database.url);
    assert.deepEqual(await readInboxDepth(pool), { events: 0, oldestMs: null });
    await pool.query(`insert into inbox (id, key_hash, after_offset, appended_at, key_id, meta, body)
                      select gen_random_uuid(), 1, -1, now() - n * interval '1 minute', 'none', '', '' from generate_series(0, 2) n`);
    const { events, oldestMs } = await readInboxDepth(pool);
    assert.deepEqual([events, Math.floor((oldestMs ?? 0) / 60_000)], [3, 2]);
    assert.equal((await readInboxDepth(pool, 2)).events, 2);
    await pool.end();
    await database.close();
  });
});
