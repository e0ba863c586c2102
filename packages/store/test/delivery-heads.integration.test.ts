import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { NewDelivery } from '@ackline/store/deliveries';
import { PartlyWritten, recordOutcomes } from '@ackline/store/delivery-outcomes';
import { insertEvents } from '@ackline/store/events';
import { sweepExpiredLeases } from '@ackline/store/expired-leases';
import { ensureLanes, lockLane } from '@ackline/store/lanes';
import { discardDelivery } from '@ackline/store/discard';
import { replayDelivery } from '@ackline/store/replay-delivery';
import { createPool } from '@ackline/store/pool';
import { inTransaction } from '@ackline/store/transaction';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool, PoolClient } from 'pg';
import {
  claim,
  eventRow,
  GOES_ON,
  openPool,
  outcomeOf,
  placeRows,
  readDelivery,
  storeDeliveries,
} from './rows.ts';

describe('the head of a key', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url, 12);
    await ensureLanes(pool, 1);
  });
  beforeEach(async () => {
    await pool.query('truncate events, deliveries, finished_deliveries');
  });
  afterEach(async () => {
    assert.deepEqual(
      await brokenKeys(),
      [],
      'a key has one head, and what waits has one that is followed (H1, H2)',
    );
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  /** Keys with two heads, and keys where something waits behind none that knows it. */
  async function brokenKeys(): Promise<readonly unknown[]> {
    const { rows } = await pool.query(
      `select destination, source, ordering_key, heads, followed, waiting
         from (select destination, source, ordering_key,
                      count(*) filter (where blocks or (state in ('due', 'leased') and not replay))::int as heads,
                      count(*) filter (where followed)::int as followed,
                      count(*) filter (where state = 'waiting')::int as waiting
                 from deliveries where ordering_key is not null group by 1, 2, 3) k
        where heads > 1 or (waiting > 0 and followed <> 1)`,
    );
    return rows;
  }
  const statesOf = async (rows: readonly { id: string }[]) =>
    Promise.all(rows.map(async row => (await readDelivery(pool, row.id)).state));
  const inKey = (count: number) => Array.from({ length: count }, () => ({ orderingKey: 'a' }));

  /** One delivery of the key, in a transaction that is the caller's. */
  async function storeWithin(client: PoolClient, orderingKey = 'a'): Promise<NewDelivery> {
    const event = eventRow();
    const places = await insertEvents(client, [event]);
    const row: NewDelivery = {
      keepHistory: true,
      transforms: false,
      id: randomUUID(),
      ...places.get(event.id)!,
      eventId: event.id,
      source: event.source,
      tenant: event.tenant,
      route: 'all',
      destination: 'crm',
      orderingKey,
      priority: 'normal',
      bodyBytes: event.body.byteLength,
      notBefore: null,
      lease: null,
    };
    await placeRows(client, [row]);
    return row;
  }
  const waitForLocks = (count: number) =>
    waitFor(async () => {
      const { rowCount } = await pool.query(
        "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      );
      return rowCount === count;
    });
  /** Delivers what is left, one claim after the other, and returns the ids in the order in which they were claimed. */
  async function deliverAll(): Promise<readonly string[]> {
    const order: string[] = [];
    for (;;) {
      const claimed = await claim(pool);
      if (claimed.length === 0) return order;
      order.push(...claimed.map(row => row.id));
      await recordOutcomes(
        pool,
        claimed.map(row => outcomeOf(row)),
      );
    }
  }
  const ids = (rows: readonly { id: string }[]) => rows.map(row => row.id);

  it('is its first row; those of the same batch and of later ones wait, and take its place one by one', async () => {
    const first = await storeDeliveries(pool, inKey(2));
    const later = await storeDeliveries(pool, inKey(2));
    const rows = [...first, ...later];
    assert.deepEqual(await statesOf(rows), ['due', 'waiting', 'waiting', 'waiting']);
    assert.deepEqual(await deliverAll(), ids(rows));
    const [next] = await storeDeliveries(pool, inKey(1));
    assert.deepEqual(await statesOf([next!]), ['due'], 'nothing of the key is open any more');
  });

  it('is claimed with word of what waits behind it, and its outcome says that this is due now', async () => {
    await storeDeliveries(pool, [...inKey(2), {}, { orderingKey: 'promoted' }, { orderingKey: 'promoted' }]);
    const claimed = await claim(pool);
    assert.deepEqual(
      claimed.map(row => row.followed),
      [true, false, true],
    );
    const retried = outcomeOf(claimed[0]!, { state: 'due', afterMs: 0 });
    const outcomes = [retried, outcomeOf(claimed[1]!), outcomeOf(claimed[2]!)];
    assert.equal((await recordOutcomes(pool, outcomes)).promoted, 1);
    const again = await claim(pool);
    assert.deepEqual(
      again.map(row => row.followed),
      [false, true],
    );
    const { promoted } = await recordOutcomes(
      pool,
      again.map(row => outcomeOf(row)),
    );
    assert.equal(promoted, 1);
    await deliverAll();
  });

  it('can’t be a second one, whoever writes it', async () => {
    const [head, waiting] = await storeDeliveries(pool, inKey(2));
    await assert.rejects(pool.query("update deliveries set state = 'due' where id = $1", [waiting!.id]), {
      code: '23505',
      constraint: 'deliveries_head',
    });
    await assert.rejects(
      pool.query("update deliveries set state = 'parked' where id = $1", [head!.id]),
      { constraint: 'deliveries_followed_is_head' },
      'a head that others wait for can’t stop to be one unnoticed',
    );
  });

  it('that is marked while its outcome waits for the mark hands over to what came', async () => {
    await storeDeliveries(pool, inKey(1));
    const [head] = await claim(pool);
    const storer = await pool.connect();
    await storer.query('begin');
    const row = await storeWithin(storer);
    const recorded = recordOutcomes(pool, [outcomeOf(head!)]);
    await waitForLocks(1);
    await storer.query('commit');
    storer.release();
    assert.deepEqual((await recorded).written, new Set([head!.id]));
    assert.deepEqual(await deliverAll(), [row.id]);
  });

  for (const state of ['due', 'parked'] as const) {
    it(`that is ${state} again and marked at the same time keeps the mark`, async () => {
      const [row] = await storeDeliveries(pool, inKey(1));
      const [head] = await claim(pool);
      const storer = await pool.connect();
      await storer.query('begin');
      const later = await storeWithin(storer);
      const recorded = recordOutcomes(pool, [outcomeOf(head!, { state, blocks: state === 'parked' })]);
      await waitForLocks(1);
      await storer.query('commit');
      storer.release();
      await recorded;
      assert.deepEqual(await statesOf([row!, later]), [state, 'waiting']);
      if (state === 'parked') await replayDelivery(pool, row!.id, 'anna');
      assert.deepEqual(await deliverAll(), ids([row!, later]));
    });
  }

  it('that a storer has locked for long holds up no outcome of another key', async () => {
    const rows = await storeDeliveries(pool, [...inKey(1), { orderingKey: 'b' }, { orderingKey: 'b' }, {}]);
    const claimed = await claim(pool);
    const storer = await pool.connect();
    await storer.query('begin');
    await storeWithin(storer);
    const recorded = recordOutcomes(
      pool,
      claimed.map(row => outcomeOf(row)),
    );
    await waitForLocks(1);
    assert.deepEqual(await statesOf(rows), ['leased', 'delivered', 'due', 'delivered']);
    await storer.query('rollback');
    storer.release();
    assert.equal((await recorded).written.size, 3);
    assert.deepEqual(await statesOf(rows), ['delivered', 'delivered', 'due', 'delivered']);
  });

  it('that is locked is waited for while no other head is held', async () => {
    await storeDeliveries(pool, [...inKey(1), { orderingKey: 'b' }]);
    const claimed = await claim(pool);
    const [held, other] = await Promise.all([pool.connect(), pool.connect()]);
    for (const [client, key] of [
      [held, 'a'],
      [other, 'b'],
    ] as const) {
      await client.query('begin');
      await storeWithin(client, key);
    }
    const recorded = recordOutcomes(
      pool,
      claimed.map(row => outcomeOf(row)),
    );
    await waitForLocks(1);
    await other.query('commit');
    other.release();
    await inTransaction(pool, client => storeWithin(client, 'b')); // waits for nobody
    await held.query('commit');
    held.release();
    assert.equal((await recorded).written.size, 2);
    await deliverAll();
  });

  for (const stale of ['due', 'parked'] as const) {
    it(`has the outcome of its lease, also where an older one (${stale}) is written again beside it`, async () => {
      const [row, next] = await storeDeliveries(pool, inKey(2));
      const [before] = await claim(pool);
      const first = { ...outcomeOf(before!), state: 'due' as const, afterMs: 0 };
      assert.equal((await recordOutcomes(pool, [first])).written.size, 1);
      const [now] = await claim(pool);
      assert.equal(now!.id, before!.id);
      const again = { ...first, state: stale };
      const delivered = { ...outcomeOf(now!), state: 'delivered' as const };
      assert.equal((await recordOutcomes(pool, [again, delivered])).written.size, 1);
      assert.deepEqual(await statesOf([row!, next!]), ['delivered', 'due']);
    });
  }

  for (const { what, others } of [
    { what: 'that is delivered while a storer waits for it is followed by a new head', others: 0 },
    {
      what: 'that is delivered while others wait and a storer comes hands over to the first of them',
      others: 2,
    },
  ]) {
    it(what, async () => {
      const stored = await storeDeliveries(pool, inKey(1 + others));
      const [head] = await claim(pool);
      const holder = await pool.connect();
      await holder.query('begin');
      await holder.query('select from deliveries where id = $1 for update', [head!.id]);
      const recorded = recordOutcomes(pool, [outcomeOf(head!)]);
      await waitForLocks(1);
      const storing = inTransaction(pool, client => storeWithin(client));
      await waitForLocks(2);
      await holder.query('commit');
      holder.release();
      const [row] = await Promise.all([storing, recorded]);
      assert.deepEqual(await deliverAll(), [...ids(stored.slice(1)), row.id]);
    });
  }

  it('whose storer rolls back is no head, and what waited to be behind it is', async () => {
    const storer = await pool.connect();
    await storer.query('begin');
    await storeWithin(storer);
    const storing = inTransaction(pool, client => storeWithin(client));
    await waitForLocks(1);
    await storer.query('rollback');
    storer.release();
    const row = await storing;
    assert.deepEqual(await statesOf([row]), ['due']);
  });

  it('stays as it is when the process that takes it away dies before the next one is promoted', async () => {
    const rows = await storeDeliveries(pool, inKey(2));
    const [head] = await claim(pool);
    const holder = await pool.connect();
    await holder.query('begin');
    await holder.query('select from deliveries where id = $1 for update', [rows[1]!.id]);
    const recorded = assert.rejects(recordOutcomes(pool, [outcomeOf(head!)]));
    await waitForLocks(1); // the head is deleted, and the promotion waits
    await holder.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    await recorded;
    await holder.query('commit');
    holder.release();
    assert.deepEqual(await statesOf(rows), ['leased', 'waiting']);
    await pool.query(
      "update deliveries set lease_until = now() - interval '1 second' where state = 'leased'",
    );
    assert.deepEqual(await sweepExpiredLeases(pool, GOES_ON), { interrupted: 1, parked: [] });
    assert.deepEqual(await deliverAll(), ids(rows));
  });

  it('that can’t hand over in time keeps nobody else’s outcome from being written', async () => {
    const rows = await storeDeliveries(pool, [...inKey(2), { keepHistory: false }]);
    const claimed = await claim(pool);
    const impatient = createPool({
      connectionString: database.url,
      applicationName: 'store-test',
      max: 1,
      limitMs: 200,
      onError: () => undefined,
    });
    await inTransaction(pool, async holder => {
      await holder.query('select from deliveries where id = $1 for update', [rows[1]!.id]);
      await assert.rejects(
        recordOutcomes(
          impatient,
          claimed.map(row => outcomeOf(row)),
        ),
        (error: unknown) => {
          assert.ok(error instanceof PartlyWritten);
          assert.deepEqual(error.written, new Set([rows[2]!.id]));
          assert.equal(error.promoted, 0);
          const { storedDay, seq } = rows[2]!;
          assert.deepEqual(error.forgotten, [{ storedDay, seq }]);
          return true;
        },
      );
    });
    await impatient.end();
    assert.deepEqual(await statesOf(rows.slice(0, 2)), ['leased', 'waiting']);
    const head = claimed.find(row => row.id === rows[0]!.id);
    assert.equal((await recordOutcomes(pool, [outcomeOf(head!)])).written.size, 1);
    assert.deepEqual(await deliverAll(), [rows[1]!.id]);
  });

  it('that is retried, or blocks, keeps its place and what waits behind it', async () => {
    const rows = await storeDeliveries(pool, inKey(2));
    const [head] = await claim(pool);
    await recordOutcomes(pool, [outcomeOf(head!, { state: 'due' })]);
    assert.deepEqual(await statesOf(rows), ['due', 'waiting']);
    const [again] = await claim(pool);
    await recordOutcomes(pool, [outcomeOf(again!, { state: 'parked', blocks: true })]);
    const [third] = await storeDeliveries(pool, inKey(1));
    assert.deepEqual(await statesOf([...rows, third!]), ['parked', 'waiting', 'waiting']);
    assert.equal(await discardDelivery(pool, rows[0]!.id, 'anna'), true);
    assert.deepEqual(await statesOf([...rows, third!]), ['discarded', 'due', 'waiting']);
  });

  it('that blocked without a follower lets a later one go when it is discarded meanwhile', async () => {
    await storeDeliveries(pool, inKey(1));
    const [head] = await claim(pool);
    await recordOutcomes(pool, [outcomeOf(head!, { state: 'parked', blocks: true })]);
    const storer = await pool.connect();
    await storer.query('begin');
    const row = await storeWithin(storer);
    const discarded = discardDelivery(pool, head!.id, 'anna');
    await waitForLocks(1);
    await storer.query('commit');
    storer.release();
    assert.equal(await discarded, true);
    assert.deepEqual(await statesOf([row]), ['due']);
  });

  it('that a sweep parks hands over', async () => {
    const rows = await storeDeliveries(pool, inKey(2));
    await claim(pool);
    await pool.query(
      "update deliveries set interruptions = 9, lease_until = now() - interval '1 second' where state = 'leased'",
    );
    const { interrupted, parked } = await sweepExpiredLeases(pool, GOES_ON);
    assert.deepEqual([interrupted, parked.length], [1, 1]);
    assert.deepEqual(await statesOf(rows), ['parked', 'due']);
  });

  it('is no replay outside the order: that one holds nobody and waits for nobody', async () => {
    const [first, second] = await storeDeliveries(pool, inKey(2));
    assert.deepEqual(await deliverAll(), ids([first!, second!]));
    const [third, fourth] = await storeDeliveries(pool, inKey(2));
    await replayDelivery(pool, first!.id, 'anna');
    await replayDelivery(pool, second!.id, 'anna');
    assert.deepEqual(await statesOf([first!, second!, third!, fourth!]), ['due', 'due', 'due', 'waiting']);
    const claimed = await claim(pool);
    assert.deepEqual(new Set(ids(claimed)), new Set(ids([first!, second!, third!])));
    await recordOutcomes(
      pool,
      claimed.filter(row => row.replay).map(row => outcomeOf(row)),
    );
    assert.deepEqual(await statesOf([third!, fourth!]), ['leased', 'waiting']);
  });

  it('is each row of its key once, in their order, while two store and three deliver', async () => {
    const ROUNDS = 100;
    const KEYS = ['a', 'b', 'c'];
    const stored: NewDelivery[] = [];
    const claimedIds: string[] = [];
    let storing = 2;
    const store = async (seed: number) => {
      for (let n = 0; n < ROUNDS; n++) {
        await inTransaction(pool, async client => {
          await lockLane(client, 0); // as storers do: so the order of `seq` is that of storing
          const wanted = KEYS.filter((_, index) => (n * (seed + 2) + index) % 3 !== 0);
          for (const key of wanted) stored.push(await storeWithin(client, key));
        });
      }
      storing -= 1;
    };
    const deliver = async () => {
      for (let idle = 0; storing > 0 || idle < 3; ) {
        const claimed = await claim(pool, 2);
        claimedIds.push(...claimed.map(row => row.id));
        const { written } = await recordOutcomes(
          pool,
          claimed.map(row => outcomeOf(row)),
        );
        assert.equal(written.size, claimed.length);
        idle = claimed.length === 0 ? idle + 1 : 0;
      }
    };
    await Promise.all([store(0), store(1), deliver(), deliver(), deliver()]);
    claimedIds.push(...(await deliverAll()));
    assert.equal(claimedIds.length, stored.length);
    const keys = new Map(stored.map(row => [row.id, row.orderingKey]));
    for (const key of KEYS) {
      const expected = stored
        .filter(row => row.orderingKey === key)
        .toSorted((x, y) => Number(x.seq) - Number(y.seq));
      assert.deepEqual(
        claimedIds.filter(id => keys.get(id) === key),
        ids(expected),
        key,
      );
    }
    const { rows } = await pool.query('select from deliveries');
    assert.equal(rows.length, 0);
  });

  it('of many keys goes round among storers and outcomes that take them in any order, without a deadlock', async () => {
    const keys = Array.from({ length: 12 }, (_, n) => `key-${n}`);
    const rounds = Array.from({ length: 25 }, (_, n) => n);
    const shuffled = (n: number) => keys.toSorted((x, y) => hash(x, n) - hash(y, n));
    const hash = (text: string, n: number) => (Number(text.slice(4)) * 7 + n * 5) % 13;
    const store = async (seed: number) => {
      for (const n of rounds) {
        await storeDeliveries(
          pool,
          shuffled(n + seed).map(orderingKey => ({ orderingKey })),
        );
      }
    };
    const deliver = async () => {
      for (const n of rounds) {
        const claimed = (await claim(pool)).toSorted(
          (x, y) => hash(`key-${x.id.charCodeAt(0)}`, n) - hash(`key-${y.id.charCodeAt(0)}`, n),
        );
        const outcomes = claimed.map((row, index) =>
          outcomeOf(row, index % 4 === n % 4 ? { state: 'due' } : {}),
        );
        await recordOutcomes(pool, outcomes);
      }
    };
    await Promise.all([store(0), store(3), store(6), deliver(), deliver(), deliver()]);
    await deliverAll();
    const { rows } = await pool.query('select count(*)::int as count from finished_deliveries');
    assert.equal(rows[0].count, 3 * rounds.length * keys.length);
  });
});
