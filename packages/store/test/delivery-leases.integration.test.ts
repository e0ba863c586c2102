import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type AttemptRecord, MAX_INTERRUPTIONS, MAX_KEPT_ATTEMPTS } from '@ackline/store/deliveries';
import { claimDue } from '@ackline/store/delivery-claims';
import { recordOutcomes } from '@ackline/store/delivery-outcomes';
import { type OnPark, sweepExpiredLeases } from '@ackline/store/expired-leases';
import { replayDelivery } from '@ackline/store/replay-delivery';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { claim, GOES_ON, openPool, outcomeOf, readDelivery, storeDeliveries } from './rows.ts';

const HOLDS: OnPark = { block: ['crm'], continue: [] };

const ATTEMPT: AttemptRecord = {
  at: '2026-11-22T10:00:00.000Z',
  ms: 12,
  outcome: 'retry',
  status: 500,
  error: null,
  excerpt: 'quote " backslash \\ brace {} é',
};

describe('leases', () => {
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

  it('say of what is claimed how long it was due', async () => {
    const [late] = await storeDeliveries(pool, [{}]);
    await pool.query("update deliveries set due_at = now() - interval '5 seconds' where id = $1", [late!.id]);
    await storeDeliveries(pool, [{}]);
    const waited = (await claim(pool)).map(({ waitedMs }) => waitedMs);
    assert.equal(waited.length, 2);
    assert.ok(waited[0]! >= 5_000 && waited[1]! >= 0 && waited[1]! < waited[0]!, String(waited));
  });

  it('say of what is claimed whether the bound of its bodies left more due', async () => {
    await storeDeliveries(
      pool,
      [1, 2, 3].map(() => ({ body: Buffer.alloc(100) })),
    );
    const from = [{ tenant: 'default', priority: 'normal', quota: 5 }] as const;
    const lease = () => ({ leaseId: randomUUID(), leaseMs: 60_000 });
    const take = (maxBytes: number) =>
      claimDue(pool, { ...lease(), destination: 'crm', limit: 5, maxBytes, from });
    assert.deepEqual(
      (await take(250)).map(row => row.isCut),
      [true, true],
    );
    assert.deepEqual(
      (await take(0)).map(row => row.isCut),
      [false],
    );
  });

  const expireAll = () =>
    pool.query("update deliveries set lease_until = now() - interval '1 second' where state = 'leased'");

  async function interrupt(times: number, onPark = GOES_ON): Promise<void> {
    for (let n = 0; n < times; n++) {
      await claim(pool);
      await expireAll();
      await sweepExpiredLeases(pool, onPark);
    }
  }

  it('given while storing keep others from claiming, and are fenced like claimed ones', async () => {
    const leaseId = randomUUID();
    const [row] = await storeDeliveries(pool, [{ lease: { leaseId, leaseMs: 60_000 } }]);
    assert.deepEqual(await claim(pool), []);
    const { written } = await recordOutcomes(pool, [outcomeOf({ ...row!, leaseId }, { attempt: ATTEMPT })]);
    assert.deepEqual(written, new Set([row!.id]));
    const found = await readDelivery(pool, row!.id);
    assert.equal(found.state, 'delivered');
    assert.equal(found.tries, 1);
    assert.equal(found.lease_id, null);
    assert.ok(found.finished_at instanceof Date);
    assert.deepEqual(found.attempts, [ATTEMPT]);
  });

  it('that ended let no outcome be written any more, and say so', async () => {
    const [lost, kept] = await storeDeliveries(pool, [{}, {}]);
    const claimed = await claim(pool);
    await pool.query("update deliveries set lease_until = now() - interval '1 second' where id = $1", [
      lost!.id,
    ]);
    await sweepExpiredLeases(pool, GOES_ON);
    const again = await claim(pool); // somebody else has it now
    const { written } = await recordOutcomes(
      pool,
      claimed.map(row => outcomeOf(row, { attempt: ATTEMPT })),
    );
    assert.deepEqual(written, new Set([kept!.id]));
    const found = await readDelivery(pool, lost!.id);
    assert.equal(found.state, 'leased');
    assert.equal(found.lease_id, again[0]!.leaseId);
    assert.deepEqual((await recordOutcomes(pool, [outcomeOf(claimed[1]!)])).written, new Set()); // written twice: once
  });

  it('that end further away than any lease can were given before the clock was set back, and end now', async () => {
    const [row] = await storeDeliveries(pool, [{}]);
    await claim(pool);
    await pool.query("update deliveries set lease_until = now() + interval '1 hour'");
    assert.deepEqual(await sweepExpiredLeases(pool, GOES_ON), { interrupted: 1, parked: [] });
    assert.equal((await readDelivery(pool, row!.id)).state, 'due');
  });

  it('that a process left behind are recorded as interrupted, and due again at once', async () => {
    const [row] = await storeDeliveries(pool, [{}]);
    await claim(pool);
    assert.deepEqual(await sweepExpiredLeases(pool, GOES_ON), { interrupted: 0, parked: [] });
    await expireAll();
    assert.deepEqual(await sweepExpiredLeases(pool, GOES_ON), { interrupted: 1, parked: [] });
    const found = await readDelivery(pool, row!.id);
    assert.deepEqual([found.state, found.tries, found.interruptions], ['due', 0, 1]);
    assert.equal(found.attempts[0]!.outcome, 'interrupted');
    assert.equal((await claim(pool)).length, 1);
  });

  it('are swept by one of two that do it at once', async () => {
    await storeDeliveries(pool, Array(20).fill({}));
    await claim(pool);
    await expireAll();
    const both = await Promise.all([sweepExpiredLeases(pool, GOES_ON), sweepExpiredLeases(pool, GOES_ON)]);
    assert.equal(both[0].interrupted + both[1].interrupted, 20);
  });

  it('that end ten times without an outcome park the delivery', async () => {
    const [row] = await storeDeliveries(pool, [{ orderingKey: 'a' }]);
    await interrupt(MAX_INTERRUPTIONS - 1);
    assert.equal((await readDelivery(pool, row!.id)).state, 'due');
    await claim(pool);
    await expireAll();
    assert.deepEqual(await sweepExpiredLeases(pool, { ...GOES_ON, block: ['erp'] }), {
      interrupted: 1,
      parked: [{ destination: 'crm', source: 'telegram', tenant: 'default' }],
    });
    const found = await readDelivery(pool, row!.id);
    assert.deepEqual([found.state, found.park_reason, found.blocks], ['parked', 'interrupted', false]);
    assert.ok(found.finished_at instanceof Date);
  });

  it('that park a delivery hold its key where the destination says so', async () => {
    const [head, , free] = await storeDeliveries(pool, [
      { orderingKey: 'a' },
      { orderingKey: 'a' },
      { orderingKey: null },
    ]);
    await interrupt(MAX_INTERRUPTIONS, HOLDS);
    assert.equal((await readDelivery(pool, head!.id)).blocks, true);
    assert.equal((await readDelivery(pool, free!.id)).blocks, false);
    assert.deepEqual(await claim(pool), []);
  });

  it('of a destination that is not in the file here park nothing: its key is held until somebody knows', async () => {
    const unknown: OnPark = { block: ['erp'], continue: ['bot'] };
    const [head, next] = await storeDeliveries(pool, [{ orderingKey: 'a' }, { orderingKey: 'a' }]);
    await interrupt(MAX_INTERRUPTIONS, unknown);
    const found = await readDelivery(pool, head!.id);
    assert.deepEqual([found.state, found.interruptions], ['due', MAX_INTERRUPTIONS]);
    assert.deepEqual(
      (await claim(pool)).map(row => row.id),
      [head!.id],
    );
    await expireAll();
    assert.equal((await sweepExpiredLeases(pool, HOLDS)).parked.length, 1);
    assert.equal((await readDelivery(pool, head!.id)).blocks, true);
    assert.equal((await readDelivery(pool, next!.id)).state, 'waiting');
  });

  it('that park a replay outside the order hold nobody', async () => {
    const [row] = await storeDeliveries(pool, [{ orderingKey: 'a' }]);
    const [claimed] = await claim(pool);
    await recordOutcomes(pool, [outcomeOf(claimed!)]);
    await replayDelivery(pool, row!.id, 'anna');
    await interrupt(MAX_INTERRUPTIONS, HOLDS);
    const found = await readDelivery(pool, row!.id);
    assert.deepEqual([found.state, found.blocks], ['parked', false]);
  });
});

describe('outcomes', () => {
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

  it('keep the newest hundred attempts', async () => {
    const [row] = await storeDeliveries(pool, [{}]);
    for (let n = 0; n < MAX_KEPT_ATTEMPTS + 5; n++) {
      const [claimed] = await claim(pool);
      await recordOutcomes(pool, [outcomeOf(claimed!, { state: 'due', attempt: { ...ATTEMPT, ms: n } })]);
    }
    const { attempts, tries } = await readDelivery(pool, row!.id);
    assert.equal(tries, MAX_KEPT_ATTEMPTS + 5);
    assert.equal(attempts.length, MAX_KEPT_ATTEMPTS);
    assert.deepEqual([attempts[0]!.ms, attempts.at(-1)!.ms], [5, MAX_KEPT_ATTEMPTS + 4]);
    await interruptOnce(row!.id);
    const after = await readDelivery(pool, row!.id);
    assert.equal(after.attempts.length, MAX_KEPT_ATTEMPTS);
    assert.equal(after.attempts.at(-1)!.outcome, 'interrupted');
  });

  async function interruptOnce(id: string): Promise<void> {
    await claim(pool);
    await pool.query("update deliveries set lease_until = now() - interval '1 second' where id = $1", [id]);
    await sweepExpiredLeases(pool, GOES_ON);
  }

  it('of many deliveries are written in one statement, each its own', async () => {
    await pool.query('truncate events, deliveries, finished_deliveries');
    await storeDeliveries(pool, Array(4).fill({}));
    const [delivered, retried, held, parked] = await claim(pool);
    const { written } = await recordOutcomes(pool, [
      outcomeOf(delivered!, { attempt: ATTEMPT }),
      outcomeOf(retried!, { state: 'due', afterMs: 3_600_000.5, attempt: null }),
      outcomeOf(held!, { state: 'due', countsAsTry: false }),
      outcomeOf(parked!, { state: 'parked', parkReason: 'exhausted' }),
    ]);
    assert.equal(written.size, 4);
    const states = await Promise.all(
      [delivered, retried, held, parked].map(row => readDelivery(pool, row!.id)),
    );
    assert.deepEqual(
      states.map(row => [row.state, row.tries, row.park_reason, row.attempts.length]),
      [
        ['delivered', 1, null, 1],
        ['due', 1, null, 0],
        ['due', 0, null, 0],
        ['parked', 1, 'exhausted', 0],
      ],
    );
    assert.deepEqual(
      (await claim(pool)).map(row => row.id),
      [held!.id],
    );
    assert.deepEqual((await recordOutcomes(pool, [])).written, new Set());
  });
});
