import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { recordOutcomes } from '@ackline/store/delivery-outcomes';
import { discardDelivery } from '@ackline/store/discard';
import { replayDelivery } from '@ackline/store/replay-delivery';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { claim, openPool, outcomeOf, storeDeliveries } from './rows.ts';

describe('a delivery of a route with a transform', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  beforeEach(() => pool.query('truncate events, deliveries, finished_deliveries'));
  after(async () => {
    await pool.end();
    await database.close();
  });

  async function claimOne() {
    const [claimed, ...others] = await claim(pool);
    assert.ok(claimed !== undefined && others.length === 0);
    return claimed;
  }

  for (const transforms of [true, false]) {
    it(`is known as one by each attempt, first or waiting, parked, delivered or discarded between (${transforms})`, async () => {
      await storeDeliveries(pool, [
        { orderingKey: 'a', transforms: !transforms },
        { orderingKey: 'a', transforms },
      ]);
      const first = await claimOne();
      assert.equal(first.transforms, !transforms);
      await recordOutcomes(pool, [outcomeOf(first)]);
      for (const state of ['parked', 'delivered', 'discarded'] as const) {
        const claimed = await claimOne();
        assert.equal(claimed.transforms, transforms);
        await recordOutcomes(pool, [outcomeOf(claimed, { state: state === 'discarded' ? 'parked' : state })]);
        if (state === 'discarded') await discardDelivery(pool, claimed.id, 'anna');
        await replayDelivery(pool, claimed.id, 'anna');
      }
      assert.equal((await claimOne()).transforms, transforms);
    });
  }

  it('is not known as one, nor as none, where the release before has stored it', async () => {
    await storeDeliveries(pool, [{ transforms: true }]);
    await pool.query(
      `insert into deliveries (id, stored_day, seq, event_id, source, tenant, route, destination, ordering_key, priority, state)
       select gen_random_uuid(), stored_day, seq, event_id, source, tenant, route, 'erp', ordering_key, priority, state
         from deliveries`,
    );
    const [claimed] = await claim(pool, 1, 'erp');
    assert.equal(claimed?.transforms, null);
  });
});
