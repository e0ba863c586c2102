import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { ACK_BOUNDS_MS, ACK_BUCKETS, ackPercentile } from '@ackline/store/ack-buckets';
import {
  addTotals,
  FOLDS,
  foldEdge,
  foldTotals,
  type MinuteTotals,
  type SourceTotals,
  sweepTotals,
} from '@ackline/store/totals';
import { readDeliveryTotals, readRatedSources, readSourcePoints } from '@ackline/store/totals-history';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { openPool } from './rows.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** On the grid of hours, and so long ago that all of it is folded. */
const LONG_AGO = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 100 * HOUR_MS;

const acks = (bucket: number, count: number) =>
  Array.from({ length: ACK_BUCKETS }, (_, place) => (place === bucket ? count : 0));

function source(given: Partial<SourceTotals> = {}): SourceTotals {
  return {
    source: 'telegram',
    tenant: 'acme',
    acceptedKafka: 0,
    acceptedInbox: 0,
    acceptedSpool: 0,
    acks: [],
    storedKafka: 0,
    storedInbox: 0,
    ...given,
  };
}

const delivery = (delivered: number) => ({
  source: 'telegram',
  tenant: 'acme',
  destination: 'crm',
  delivered,
  failed: 1,
  parked: 0,
});

describe('totals of minutes', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  beforeEach(async () => {
    await pool.query('truncate source_totals, delivery_totals');
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  const add = (at: number, totals: Partial<MinuteTotals>) =>
    addTotals(pool, new Date(at), { sources: [], deliveries: [], ...totals });
  const points = (stepS: number, tenant: string | null = null) =>
    readSourcePoints(pool, { since: new Date(LONG_AGO), stepS, tenant });

  it('of several processes are one row, whether an ingress or a processor was first', async () => {
    await add(LONG_AGO, { sources: [source({ storedKafka: 3 })] });
    await add(LONG_AGO, { sources: [source({ acceptedKafka: 4, acks: acks(2, 4) })] });
    await add(LONG_AGO, { sources: [source({ acceptedKafka: 1, acceptedSpool: 1, acks: acks(5, 2) })] });
    await add(LONG_AGO, { sources: [source({ storedInbox: 2 })] });
    const [point, ...others] = await points(60);
    assert.equal(others.length, 0);
    assert.deepEqual(
      { ...point, at: undefined },
      {
        at: undefined,
        acceptedKafka: 5,
        acceptedInbox: 0,
        acceptedSpool: 1,
        storedKafka: 3,
        storedInbox: 2,
        acks: acks(2, 4).map((count, place) => (place === 5 ? 2 : count)),
      },
    );
  });

  it('are the same before and after they are folded, and fewer rows', async () => {
    for (let minute = 0; minute < 3 * 60; minute += 1) {
      const at = LONG_AGO + minute * MINUTE_MS;
      await add(at, {
        sources: [source({ acceptedKafka: minute, acks: acks(minute % ACK_BUCKETS, minute) })],
        deliveries: [delivery(minute)],
      });
    }
    const deliveries = async () =>
      (await readDeliveryTotals(pool, { since: new Date(LONG_AGO), stepS: 3_600, tenant: null })).points;
    const rows = async () => (await pool.query('select from source_totals')).rowCount;
    const known = [await points(3_600), await deliveries()];
    assert.equal(await rows(), 180);
    for (const [fold, left] of [
      [FOLDS[0], 18],
      [FOLDS[1], 3],
    ] as const) {
      const { until } = await foldEdge(pool, fold!);
      await foldTotals(pool, fold!, { from: new Date(LONG_AGO), until });
      assert.equal(await rows(), left);
      assert.deepEqual([await points(3_600), await deliveries()], known);
    }
    // One that comes late is added to the row that is there.
    await add(LONG_AGO + MINUTE_MS, { deliveries: [delivery(7)] });
    await foldTotals(pool, FOLDS[1]!, { from: new Date(LONG_AGO), until: new Date(LONG_AGO + HOUR_MS) });
    assert.equal((await deliveries())[0]?.delivered, (known[1]![0] as { delivered: number }).delivered + 7);
  });

  it('that the console shows by the minute are not folded yet', async () => {
    for (const fold of FOLDS) {
      const { until } = await foldEdge(pool, fold);
      const grainMs = fold.grain === '1 hour' ? HOUR_MS : 600_000;
      assert.equal(until.getTime() % grainMs, 0);
      // As `STEPS` of the console's overview.
      const shownMs = fold.grain === '1 hour' ? 60 * HOUR_MS : 6 * HOUR_MS;
      assert.ok(until.getTime() <= Date.now() - shownMs - 600_000, fold.grain);
    }
  });

  it('are gone after 30 days', async () => {
    const day = (days: number) => Date.now() - days * 24 * HOUR_MS;
    for (const days of [29.9, 30.1]) await add(day(days), { sources: [source()], deliveries: [delivery(1)] });
    assert.equal(await sweepTotals(pool), 2);
    const { rows } = await pool.query('select from source_totals union all select from delivery_totals');
    assert.equal(rows.length, 2);
  });

  it('are those of a tenant alone where one is asked for', async () => {
    await add(LONG_AGO, {
      sources: [source({ acceptedInbox: 1 }), source({ tenant: 'other', source: 's2', acceptedInbox: 5 })],
      deliveries: [delivery(2), { ...delivery(9), tenant: 'other', destination: 'erp' }],
    });
    const of = (tenant: string | null) => ({ since: new Date(LONG_AGO), stepS: 60, tenant });
    assert.deepEqual(
      (await points(60, 'acme')).map(({ acceptedInbox }) => acceptedInbox),
      [1],
    );
    assert.deepEqual(
      (await readRatedSources(pool, of('acme'))).map(row => row.source),
      ['telegram'],
    );
    // The busiest first.
    assert.deepEqual(
      (await readRatedSources(pool, of(null))).map(row => row.source),
      ['s2', 'telegram'],
    );
    assert.deepEqual((await readDeliveryTotals(pool, of('acme'))).destinations, [
      { destination: 'crm', delivered: 2, failed: 1, parked: 0 },
    ]);
  });
});

describe('a percentile of answers', () => {
  it('is within its bucket, and by the place among what is in it', () => {
    assert.equal(ackPercentile([], 0.5), null);
    const place = ACK_BOUNDS_MS.indexOf(8);
    assert.equal(ackPercentile(acks(place, 100), 0.5), 7);
    assert.equal(ackPercentile(acks(place, 100), 1), 8);
    const mixed = acks(place, 99).map((count, at) => (at === ACK_BUCKETS - 1 ? 1 : count));
    assert.equal(ackPercentile(mixed, 0.99), 8);
    assert.equal(ackPercentile(mixed, 0.999), 8_192);
  });
});
