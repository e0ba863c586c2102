import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type AttemptRecord, MAX_INTERRUPTIONS } from '@ackline/store/deliveries';
import { recordOutcomes } from '@ackline/store/delivery-outcomes';
import { discardCause } from '@ackline/store/discard';
import { sweepExpiredLeases } from '@ackline/store/expired-leases';
import { listParked } from '@ackline/store/parked';
import { replayDelivery } from '@ackline/store/replay-delivery';
import { countCause, listCauses } from '@ackline/store/parked-causes';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import {
  claim,
  GOES_ON,
  openPool,
  outcomeOf,
  readDelivery,
  storeDeliveries,
  type DeliveryWish,
} from './rows.ts';

function attempt(end: Pick<AttemptRecord, 'status' | 'error'>): AttemptRecord {
  return { at: '2026-11-22T10:00:00.000Z', ms: 12, outcome: 'park', excerpt: null, ...end };
}

const BUSY = attempt({ status: 503, error: null });
const LATE = attempt({ status: null, error: 'timeout' });

describe('what is parked', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  beforeEach(async () => {
    await pool.query('truncate events, deliveries, finished_deliveries');
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  /** Stores, claims and parks; returns the ids, in order. */
  async function park(wishes: readonly DeliveryWish[], last: AttemptRecord | null): Promise<string[]> {
    const rows = await storeDeliveries(pool, wishes);
    const claimed = await claim(pool, 1_000, wishes[0]!.destination);
    const outcomes = claimed.map(row =>
      outcomeOf(row, { state: 'parked', parkReason: 'exhausted', blocks: true, attempt: last }),
    );
    await recordOutcomes(pool, outcomes);
    return rows.map(row => row.id);
  }

  it('for the same last answer of the same destination has one cause, with its first, its last and how many', async () => {
    const [first] = await park([{}], BUSY);
    await park([{}], LATE);
    await park([{ destination: 'erp' }], BUSY);
    const [last] = await park([{}], BUSY);
    const [most, ...others] = await listCauses(pool, { limit: 10 });
    assert.deepEqual(most, {
      cause: 'crm 503',
      destination: 'crm',
      count: 2,
      firstAt: (await readDelivery(pool, first!)).finished_at,
      lastAt: (await readDelivery(pool, last!)).finished_at,
      exampleId: last,
    });
    assert.deepEqual(
      others.map(({ cause, count }) => [cause, count]),
      [
        ['crm timeout', 1],
        ['erp 503', 1],
      ],
    );
    assert.deepEqual(
      (await listCauses(pool, { limit: 10, destination: 'erp' })).map(({ cause }) => cause),
      ['erp 503'],
    );
    assert.equal((await listCauses(pool, { limit: 1 })).length, 1);
  });

  it('by lost leases, or without an attempt that is kept, has a cause too', async () => {
    await park([{}], null);
    await storeDeliveries(pool, [{}]);
    for (let n = 0; n < MAX_INTERRUPTIONS; n++) {
      await claim(pool);
      await pool.query(
        "update deliveries set lease_until = now() - interval '1 second' where state = 'leased'",
      );
      await sweepExpiredLeases(pool, GOES_ON);
    }
    assert.deepEqual(
      (await listCauses(pool, { limit: 10 })).map(({ cause, count }) => [cause, count]),
      [
        ['crm exhausted', 1],
        ['crm interrupted', 1],
      ],
    );
  });

  it('and is sent again belongs to no cause, until it is parked again', async () => {
    const [id] = await park([{}], BUSY);
    await replayDelivery(pool, id!, 'anna');
    assert.deepEqual(await listCauses(pool, { limit: 10 }), []);
    assert.equal((await countCause(pool, 'crm 503')).count, 0);
    const [claimed] = await claim(pool);
    await recordOutcomes(pool, [
      outcomeOf(claimed!, { state: 'parked', parkReason: 'exhausted', attempt: LATE }),
    ]);
    assert.equal((await countCause(pool, 'crm timeout')).count, 1);
  });

  it('is listed by cause, destination and source', async () => {
    const [busy] = await park([{}], BUSY);
    const [late] = await park([{}], LATE);
    const [other] = await park([{ destination: 'erp' }], BUSY);
    await pool.query("update deliveries set source = 'twilio' where id = $1", [late]);
    const ids = async (filter: Parameters<typeof listParked>[1]) =>
      (await listParked(pool, filter)).map(({ id, cause }) => [id, cause]);
    assert.deepEqual(await ids({ limit: 10, cause: 'crm 503' }), [[busy, 'crm 503']]);
    assert.deepEqual(await ids({ limit: 10, destination: 'erp' }), [[other, 'erp 503']]);
    assert.deepEqual(await ids({ limit: 10, source: 'twilio' }), [[late, 'crm timeout']]);
    assert.deepEqual(await ids({ limit: 10, cause: 'crm 503', destination: 'erp' }), []);
  });

  it('for a cause is counted without a look at the rows themselves', async () => {
    await pool.query(
      `insert into deliveries (id, stored_day, seq, event_id, source, tenant, route, destination, priority, state, attempts,
                               finished_at)
       select gen_random_uuid(), current_date, n, gen_random_uuid(), 's', 't', 'r', 'd' || n % 7, 'normal', 'parked',
              jsonb_build_array(jsonb_build_object('status', 503, 'excerpt', repeat('busy', 125))), now() from generate_series(1, 9000) n`,
    );
    await pool.query('vacuum analyze deliveries');
    const explained = await listCauses(
      { query: (text: string, values: unknown[]) => pool.query(`explain ${text}`, values) } as never,
      { limit: 20, destination: 'd1' },
    );
    const plan = explained.map(row => Object.values(row).join()).join('\n');
    assert.match(plan, /Index Only Scan using deliveries_parked_cause/);
    assert.doesNotMatch(plan, /Seq Scan on deliveries/);
  });

  it('for a cause is discarded together, however much it is, and keys that waited for it go on', async () => {
    const many = await park([{ orderingKey: 'a' }, ...Array<DeliveryWish>(600).fill({})], BUSY);
    const [next] = await storeDeliveries(pool, [{ orderingKey: 'a' }]);
    assert.equal((await readDelivery(pool, next!.id)).state, 'waiting');
    const [kept] = await park([{ destination: 'erp' }], BUSY);
    const { count, countedAt } = await countCause(pool, 'crm 503');
    assert.equal(count, 601);
    const [later] = await park([{ orderingKey: 'b' }], BUSY);
    const progress: number[] = [];
    const options = { actor: 'anna', cause: 'crm 503', parkedUntil: countedAt };
    assert.equal(await discardCause(pool, { ...options, onProgress: soFar => progress.push(soFar) }), 601);
    assert.deepEqual(progress, [500, 601]);
    const states = await pool.query<{ state: string }>(
      'select distinct state from all_deliveries where id = any($1)',
      [many],
    );
    assert.deepEqual(states.rows, [{ state: 'discarded' }]);
    assert.equal((await readDelivery(pool, next!.id)).state, 'due');
    assert.equal((await readDelivery(pool, kept!)).state, 'parked', 'another cause');
    assert.equal((await readDelivery(pool, later!)).state, 'parked', 'nobody counted it');
    assert.equal(await discardCause(pool, options), 0);
  });
});
