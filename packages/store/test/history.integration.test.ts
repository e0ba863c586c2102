import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { NewDelivery } from '@ackline/store/deliveries';
import { recordOutcomes } from '@ackline/store/delivery-outcomes';
import { discardDelivery } from '@ackline/store/discard';
import { forgetEvents } from '@ackline/store/forgotten-events';
import { insertEvents } from '@ackline/store/events';
import { replayDelivery } from '@ackline/store/replay-delivery';
import { inTransaction } from '@ackline/store/transaction';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { claim, eventRow, openPool, outcomeOf, placeRows, storeDeliveries } from './rows.ts';

describe('a delivery that is not to be kept', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url, 10);
  });
  beforeEach(() => pool.query('truncate events, deliveries, finished_deliveries'));
  after(async () => {
    await pool.end();
    await database.close();
  });

  /** One event with a delivery for each destination; `false`: not to be kept. */
  async function storeEvent(
    keeps: Readonly<Record<string, boolean>>,
    orderingKey: string | null = null,
  ): Promise<void> {
    await inTransaction(pool, async client => {
      const event = eventRow();
      const place = (await insertEvents(client, [event])).get(event.id);
      const rows = Object.entries(keeps).map(
        ([destination, keepHistory]): NewDelivery => ({
          id: randomUUID(),
          ...place!,
          eventId: event.id,
          source: event.source,
          tenant: event.tenant,
          route: `to-${destination}`,
          destination,
          orderingKey,
          priority: 'normal',
          bodyBytes: event.body.byteLength,
          keepHistory,
          transforms: false,
          notBefore: null,
          lease: null,
        }),
      );
      await placeRows(client, rows);
    });
  }
  async function finish(destination: string, state: 'delivered' | 'parked' | 'due'): Promise<string> {
    const [claimed] = await claim(pool, 1, destination);
    assert.ok(claimed !== undefined);
    assert.equal(claimed.body.toString(), 'body'); // its event is there
    const reason = state === 'parked' ? { parkReason: 'exhausted' } : {};
    const { forgotten } = await recordOutcomes(pool, [outcomeOf(claimed, { state, ...reason })]);
    await forgetEvents(pool, forgotten);
    return claimed.id;
  }
  const counts = async () => {
    const { rows } = await pool.query<Record<'events' | 'open' | 'finished', number>>(
      `select (select count(*)::int from events) as events, (select count(*)::int from deliveries) as open,
              (select count(*)::int from finished_deliveries) as finished`,
    );
    return rows[0];
  };

  it('goes with its event once it is delivered, and not at a try before', async () => {
    await storeEvent({ crm: false });
    await finish('crm', 'due');
    assert.deepEqual(await counts(), { events: 1, open: 1, finished: 0 });
    await finish('crm', 'delivered');
    assert.deepEqual(await counts(), { events: 0, open: 0, finished: 0 });
  });

  it('leaves an event that another delivery still needs, is kept with, or is parked with', async () => {
    await storeEvent({ crm: false, erp: false });
    await finish('crm', 'delivered');
    assert.deepEqual(await counts(), { events: 1, open: 1, finished: 0 });
    await finish('erp', 'delivered');
    assert.deepEqual(await counts(), { events: 0, open: 0, finished: 0 });

    await storeEvent({ crm: false, erp: true });
    await finish('erp', 'delivered');
    await finish('crm', 'delivered');
    assert.deepEqual(await counts(), { events: 1, open: 0, finished: 1 });

    await storeEvent({ crm: false, erp: false });
    await finish('erp', 'parked');
    await finish('crm', 'delivered');
    assert.deepEqual(await counts(), { events: 2, open: 1, finished: 1 });
  });

  it('is kept when it is parked and when it is discarded, and goes when it is delivered by a replay', async () => {
    await storeEvent({ crm: false });
    const id = await finish('crm', 'parked');
    assert.deepEqual(await counts(), { events: 1, open: 1, finished: 0 });
    await replayDelivery(pool, id, 'anna');
    await finish('crm', 'parked');
    await discardDelivery(pool, id, 'anna');
    assert.deepEqual(await counts(), { events: 1, open: 0, finished: 1 });
    await storeEvent({ erp: false });
    const other = await finish('erp', 'parked');
    await replayDelivery(pool, other, 'anna');
    await finish('erp', 'delivered');
    assert.deepEqual(await counts(), { events: 1, open: 0, finished: 1 });
  });

  it('lets the next of its key go', async () => {
    await storeDeliveries(pool, [
      { orderingKey: 'a', keepHistory: false },
      { orderingKey: 'a', keepHistory: false },
      { orderingKey: 'a' },
    ]);
    for (const left of [2, 1, 0]) {
      await finish('crm', 'delivered');
      assert.equal((await counts())?.open, left);
    }
    assert.deepEqual(await counts(), { events: 1, open: 0, finished: 1 });
  });

  it('takes its event along too where many end at the same moment', async () => {
    const destinations = ['a', 'b', 'c', 'd'];
    for (let n = 0; n < 25; n++)
      await storeEvent(Object.fromEntries(destinations.map(name => [name, false])));
    await Promise.all(
      destinations.map(async name => {
        for (let n = 0; n < 25; n += 5) {
          const claimed = await claim(pool, 5, name);
          for (const one of claimed) assert.equal(one.body.toString(), 'body');
          const { written, forgotten } = await recordOutcomes(
            pool,
            claimed.map(one => outcomeOf(one)),
          );
          assert.equal(written.size, 5);
          await forgetEvents(pool, forgotten);
        }
      }),
    );
    assert.deepEqual(await counts(), { events: 0, open: 0, finished: 0 });
  });
});
