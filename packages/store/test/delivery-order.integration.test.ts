import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { findDue } from '@ackline/store/delivery-claims';
import { recordOutcomes } from '@ackline/store/delivery-outcomes';
import { discardDelivery } from '@ackline/store/discard';
import { replayDelivery } from '@ackline/store/replay-delivery';
import { inTransaction } from '@ackline/store/transaction';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { claim, openPool, outcomeOf, readDelivery, storeDeliveries } from './rows.ts';

/** Far enough away that no test sees it come. */
const LATER_MS = 3_600_000;

describe('what is delivered next', () => {
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

  const ids = (rows: readonly { id: string }[]) => rows.map(row => row.id);
  const claimIds = async (limit?: number) => ids(await claim(pool, limit));

  it('is what is due longest, high priority before normal', async () => {
    const [low1, high1, low2, high2] = await storeDeliveries(pool, [
      {},
      { priority: 'high' },
      {},
      { priority: 'high' },
    ]);
    assert.deepEqual(await claimIds(3), ids([high1!, high2!, low1!]));
    assert.deepEqual(await claimIds(), ids([low2!]));
    assert.deepEqual(await claimIds(), []);
  });

  it('comes in claims of bounded bytes, and a larger one alone; a claim says that it was cut short', async () => {
    const body = Buffer.alloc(7 * 1024 * 1024, 1);
    const [first, second, third] = await storeDeliveries(pool, [{ body }, { body }, { body }]);
    const claimCut = async () => (await claim(pool)).map(({ id, isCut }) => ({ id, isCut }));
    assert.deepEqual(await claimCut(), [
      { id: first!.id, isCut: true },
      { id: second!.id, isCut: true },
    ]);
    const [huge] = await storeDeliveries(pool, [{ body: Buffer.alloc(20 * 1024 * 1024, 1) }]);
    assert.deepEqual(await claimCut(), [{ id: third!.id, isCut: true }]);
    assert.deepEqual(await claimCut(), [{ id: huge!.id, isCut: false }]);
  });

  it('brings all that an attempt needs', async () => {
    const [row] = await storeDeliveries(pool, [{ orderingKey: 'chat-1' }]);
    const [claimed] = await claim(pool);
    assert.ok(claimed);
    const { leaseId, waitedMs, ...rest } = claimed;
    assert.deepEqual(rest, {
      id: row!.id,
      eventId: row!.eventId,
      source: 'telegram',
      tenant: 'default',
      route: 'all',
      priority: 'normal',
      tries: 0,
      replay: false,
      transforms: false,
      followed: false,
      isCut: false,
      lastAt: null,
      lastButOneAt: null,
      hasFailed: false,
      keyId: 'none',
      meta: Buffer.from('{"v":1}'),
      body: Buffer.from('body'),
    });
    assert.match(leaseId, /^[0-9a-f-]{36}$/);
    assert.ok(waitedMs >= 0);
  });

  it('belongs to the destination that was asked for, and is due', async () => {
    const [mine] = await storeDeliveries(pool, [{}, { destination: 'erp' }]);
    await pool.query("update deliveries set due_at = now() + interval '1 hour' where destination = 'erp'");
    const flows = [{ destination: 'crm', tenant: 'default', priority: 'normal' }];
    assert.deepEqual(await findDue(pool, ['erp', 'crm', 'gone']), { flows, replays: [] });
    assert.deepEqual(await findDue(pool, []), { flows: [], replays: [] });
    assert.deepEqual(await claimIds(), ids([mine!]));
    assert.deepEqual(ids(await claim(pool, 10, 'erp')), []);
  });

  it('goes to one of two that ask at once', async () => {
    const rows = await storeDeliveries(pool, Array(40).fill({}));
    const both = await Promise.all([claim(pool, 40), claim(pool, 40)]);
    assert.deepEqual(new Set(ids(both.flat())), new Set(ids(rows)));
    assert.equal(both.flat().length, rows.length);
  });

  it('passes over what somebody else is claiming just now', async () => {
    const [held, free] = await storeDeliveries(pool, [{}, {}]);
    await inTransaction(pool, async client => {
      await client.query('select from deliveries where id = $1 for update', [held!.id]);
      assert.deepEqual(await claimIds(), ids([free!]));
    });
  });

  it('is the first of each key only, until that one is done', async () => {
    const [a1, a2, b1, b2, free] = await storeDeliveries(pool, [
      { orderingKey: 'a' },
      { orderingKey: 'a' },
      { orderingKey: 'b' },
      { orderingKey: 'b' },
      {},
    ]);
    const first = await claim(pool);
    assert.deepEqual(ids(first), ids([a1!, b1!, free!]));
    assert.deepEqual(await claimIds(), []);
    await recordOutcomes(pool, [outcomeOf(first[0]!)]);
    assert.deepEqual(await claimIds(), ids([a2!]));
    await recordOutcomes(pool, [outcomeOf(first[1]!, { state: 'parked', parkReason: 'exhausted' })]);
    assert.deepEqual(await claimIds(), ids([b2!]));
  });

  it('does not pass a retrying head of its own key, nor waits for that of another', async () => {
    const [a1, , b1] = await storeDeliveries(pool, [
      { orderingKey: 'a' },
      { orderingKey: 'a', priority: 'high' },
      { orderingKey: 'b' },
    ]);
    const claimed = await claim(pool);
    assert.deepEqual(ids(claimed), ids([a1!, b1!]));
    await recordOutcomes(pool, [outcomeOf(claimed[0]!, { state: 'due', afterMs: LATER_MS })]);
    assert.deepEqual(await claimIds(), []);
    await pool.query('update deliveries set due_at = now() where id = $1', [a1!.id]);
    assert.deepEqual(await claimIds(), ids([a1!]));
  });

  it('keeps the same key of two destinations apart', async () => {
    await storeDeliveries(pool, [{ orderingKey: 'a' }]);
    await claim(pool);
    const [other] = await storeDeliveries(pool, [{ orderingKey: 'a', destination: 'erp' }]);
    assert.deepEqual(ids(await claim(pool, 1, 'erp')), ids([other!]));
  });

  describe('after a delivery was parked', () => {
    async function parkHead(blocks: boolean): Promise<{ head: string; follower: string }> {
      const [head, follower] = await storeDeliveries(pool, [{ orderingKey: 'a' }, { orderingKey: 'a' }]);
      const [claimed] = await claim(pool);
      await recordOutcomes(pool, [outcomeOf(claimed!, { state: 'parked', parkReason: 'exhausted', blocks })]);
      return { head: head!.id, follower: follower!.id };
    }

    it('with onPark continue, the next of its key goes on, and a replay stands outside the order', async () => {
      const { head, follower } = await parkHead(false);
      const [next] = await claim(pool);
      assert.equal(next!.id, follower);
      const [third] = await storeDeliveries(pool, [{ orderingKey: 'a' }]);
      await replayDelivery(pool, head, 'anna');
      const [replayed, ...rest] = await claim(pool);
      assert.equal(replayed!.id, head); // though the follower of its key is being sent
      assert.equal(replayed!.replay, true);
      assert.deepEqual(rest, []);
      await recordOutcomes(pool, [outcomeOf(next!)]);
      assert.deepEqual(await claimIds(), [third!.id]); // though the replay is under way
    });

    it('with onPark block, its key waits until a replay is delivered, which takes its old place', async () => {
      const { head, follower } = await parkHead(true);
      assert.deepEqual(await claimIds(), []);
      await replayDelivery(pool, head, 'anna');
      const [replayed, ...rest] = await claim(pool);
      assert.equal(replayed!.id, head);
      assert.deepEqual(rest, []);
      await recordOutcomes(pool, [outcomeOf(replayed!, { state: 'due' })]);
      assert.deepEqual(await claimIds(1), [head]); // a retry of the replay holds its key still
      assert.deepEqual(await claimIds(), []);
      await pool.query('update deliveries set lease_id = $2 where id = $1', [head, replayed!.leaseId]);
      await recordOutcomes(pool, [outcomeOf(replayed!)]);
      assert.deepEqual(await claimIds(), [follower]);
    });

    it('with onPark block, its key goes on when it is discarded', async () => {
      const { head, follower } = await parkHead(true);
      assert.equal(await discardDelivery(pool, head, 'anna'), true);
      assert.equal(await discardDelivery(pool, head, 'anna'), false, 'it is not parked any more');
      assert.deepEqual(await claimIds(), [follower]);
    });

    it('again by a replay outside the order, it holds nobody', async () => {
      const { head, follower } = await parkHead(false);
      await replayDelivery(pool, head, 'anna');
      const replayed = (await claim(pool)).find(row => row.id === head);
      await recordOutcomes(pool, [outcomeOf(replayed!, { state: 'parked', blocks: true })]);
      assert.equal((await readDelivery(pool, head)).blocks, false);
      assert.equal((await readDelivery(pool, follower)).state, 'leased');
    });

    it('that has no key, it holds nobody', async () => {
      const [row] = await storeDeliveries(pool, [{}]);
      const [claimed] = await claim(pool);
      await recordOutcomes(pool, [outcomeOf(claimed!, { state: 'parked', blocks: true })]);
      assert.equal((await readDelivery(pool, row!.id)).blocks, false);
    });
  });
});
