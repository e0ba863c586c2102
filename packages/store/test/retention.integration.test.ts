import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { recordOutcomes } from '@ackline/store/delivery-outcomes';
import { listEvents } from '@ackline/store/event-list';
import { insertEvents } from '@ackline/store/events';
import { discardDelivery } from '@ackline/store/discard';
import { replayDelivery } from '@ackline/store/replay-delivery';
import { dropDay, listExpiredDays } from '@ackline/store/retention';
import { inTransaction } from '@ackline/store/transaction';
import { insertUnrouted, setRouting, takeUnrouted } from '@ackline/store/unrouted-events';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import {
  claim,
  type DeliveryWish,
  eventRow,
  openPool,
  outcomeOf,
  readDelivery,
  storeDeliveries,
  sweepAllKept,
} from './rows.ts';

const KEEP_DAYS = 30;
/** Nothing ends it. */
const ON = new AbortController().signal;

describe('a day that is dropped', () => {
  let database: TestDatabase;
  let pool: Pool;
  let day: string;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
    day = await dayBefore(KEEP_DAYS + 1);
  });
  beforeEach(async () => {
    await pool.query('truncate events, kept_events, unrouted_events, deliveries, finished_deliveries');
    await makeDay(day);
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  async function dayBefore(days: number): Promise<string> {
    const { rows } = await pool.query<{ day: string }>(
      "select ((now() at time zone 'utc')::date - $1::int)::text as day",
      [days],
    );
    return rows[0]!.day;
  }
  async function makeDay(of: string): Promise<void> {
    for (const table of ['events', 'finished_deliveries']) {
      await pool.query(
        `create table if not exists ${table}_${of.replaceAll('-', '')} partition of ${table}
           for values from ('${of}') to (date '${of}' + 1)`,
      );
    }
  }
  /** As if all that is stored had been stored that day. */
  async function moveTo(of: string): Promise<void> {
    for (const table of ['events', 'deliveries', 'finished_deliveries', 'unrouted_events']) {
      await pool.query(`update ${table} set stored_day = $1`, [of]);
    }
  }
  /** Stores one event with its delivery, of its own body, and returns the delivery. */
  async function store(text: string, wish: DeliveryWish = {}) {
    const [row] = await storeDeliveries(pool, [{ ...wish, body: Buffer.from(text) }]);
    return row!;
  }
  async function finish(id: string, state: 'delivered' | 'parked', blocks = false): Promise<void> {
    const claimed = await claim(pool);
    const mine = claimed.find(one => one.id === id);
    assert.ok(mine);
    await recordOutcomes(pool, [outcomeOf(mine, { state, blocks, parkReason: 'exhausted' })]);
  }
  async function insertInDefault(count: number): Promise<void> {
    await pool.query(
      `insert into events (stored_day, seq, id, source, tenant, provider, type, dedup_key, received_at, priority, tier, routing,
                           key_id, meta, body)
       select $1, nextval('event_seq'), gen_random_uuid(), 's', 't', 'p', 'ty', n::text, now(), 'normal', 'inbox', 'unmatched',
              'none', '', ''
         from generate_series(1, $2::int) n`,
      [day, count],
    );
  }
  const bodies = (rows: readonly { body: Uint8Array }[]) => rows.map(row => Buffer.from(row.body).toString());
  const claimedBodies = async () => bodies(await claim(pool));
  async function countOf(text: string): Promise<number> {
    const { rows } = await pool.query<{ count: number }>(`select count(*)::int as count from ${text}`);
    return rows[0]!.count;
  }
  const drop = () => dropDay(pool, day, { signal: ON });

  it('takes what is finished with it, and nothing else: the rest is delivered and replayed afterwards, byte for byte (T1)', async () => {
    const delivered = await store('delivered');
    await finish(delivered.id, 'delivered');
    const parked = await store('parked');
    await finish(parked.id, 'parked');
    const blocking = await store('blocking', { orderingKey: 'chat' });
    await finish(blocking.id, 'parked', true);
    await store('blocked', { orderingKey: 'chat' });
    const scheduled = await store('scheduled', { notBefore: Date.now() + 3_600_000 });
    const leased = await store('leased');
    const [lease] = await claim(pool);
    const unrouted = eventRow({ source: 'new', routing: 'unrouted', body: Buffer.from([0, 255, 10]) });
    await inTransaction(pool, async client => {
      const places = await insertEvents(client, [unrouted]);
      await insertUnrouted(client, [{ ...places.get(unrouted.id)!, source: 'new', bodyBytes: 3 }]);
    });
    await moveTo(day);

    assert.deepEqual(await listExpiredDays(pool, KEEP_DAYS), [day]);
    assert.deepEqual(await drop(), { kind: 'dropped', kept: 6 });
    assert.equal(await countOf('events'), 0);
    assert.deepEqual(await listExpiredDays(pool, KEEP_DAYS), []);
    assert.deepEqual(await replayDelivery(pool, delivered.id, 'anna'), { kind: 'not-found' });
    assert.equal((await sweepAllKept(pool, KEEP_DAYS)).events, 0);
    assert.equal((await listEvents(pool, { limit: 100 })).length, 6);

    await replayDelivery(pool, parked.id, 'anna');
    assert.deepEqual(await claimedBodies(), ['parked']);
    await discardDelivery(pool, blocking.id, 'anna');
    assert.deepEqual(await claimedBodies(), ['blocked']);
    await pool.query('update deliveries set due_at = now() where id = $1', [scheduled.id]);
    assert.deepEqual(await claimedBodies(), ['scheduled']);
    await recordOutcomes(pool, [outcomeOf(lease!)]);
    assert.equal((await readDelivery(pool, leased.id)).state, 'delivered');
    await replayDelivery(pool, leased.id, 'anna');
    const { rows } = await pool.query('select body_bytes from deliveries where id = $1', [leased.id]);
    assert.deepEqual(rows, [{ body_bytes: 6 }]);
    assert.deepEqual(await claimedBodies(), ['leased']);
    await inTransaction(pool, async client => {
      const [taken] = await takeUnrouted(client, 'new', { rows: 10, bytes: 1_000 });
      assert.deepEqual(taken?.body, unrouted.body);
      await setRouting(client, [{ ...taken!, routing: 'unmatched' }]);
    });
    assert.equal(await countOf("kept_events where routing = 'unmatched'"), 1);
    assert.equal((await sweepAllKept(pool, KEEP_DAYS)).events, 1);
  });

  it('gives way to a long reader, behind whom storing does not queue, and goes when it is asked again', async () => {
    await store('open');
    await moveTo(day);
    const reader = await pool.connect();
    try {
      await reader.query('begin');
      await reader.query('select from events');
      assert.equal((await drop()).kind, 'busy');
      assert.equal(await countOf('kept_events'), 1);
      assert.equal(
        (await listEvents(pool, { limit: 100 })).length,
        1,
        'what is in both tables is shown once',
      );
      await store('new');
      await reader.query('commit');
      assert.deepEqual(await drop(), { kind: 'dropped', kept: 1 });
      assert.equal(await countOf('events'), 1);
      assert.deepEqual((await claimedBodies()).toSorted(), ['new', 'open']);
    } finally {
      reader.release();
    }
  });

  it('waits for the default partition, which goes with it, within the same limit', async () => {
    const reader = await pool.connect();
    try {
      await reader.query('begin');
      await reader.query('select from events_default');
      const dropping = dropDay(pool, day, { signal: ON, lockLimitMs: 2_000 });
      const locks = await waitFor(
        async () => {
          const { rows } = await pool.query<{ name: string; granted: boolean }>(
            `select relation::regclass::text as name, granted from pg_locks join pg_database d on d.oid = database
              where d.datname = current_database() and mode = 'AccessExclusiveLock' and relation::regclass::text like 'events%'`,
          );
          return rows.some(({ granted }) => !granted) ? rows : null;
        },
        { what: 'the drop to wait' },
      );
      // Behind `drop table`, which asks for both, the limit would begin again.
      assert.deepEqual(
        locks.toSorted((a, b) => a.name.localeCompare(b.name)),
        [
          { name: 'events', granted: true },
          { name: 'events_default', granted: false },
        ],
      );
      assert.equal((await dropping).kind, 'busy');
    } finally {
      await reader.query('commit');
      reader.release();
    }
    assert.equal((await drop()).kind, 'dropped');
  });

  it('keeps what is replayed while it goes (T3)', async () => {
    const early = await store('early');
    await finish(early.id, 'delivered');
    const late = await store('late');
    await moveTo(day);
    await replayDelivery(pool, early.id, 'anna');
    const reader = await pool.connect();
    try {
      await reader.query('begin');
      await reader.query('select from events');
      assert.equal((await drop()).kind, 'busy'); // what is finished has gone, the events have not
      await reader.query('commit');
    } finally {
      reader.release();
    }
    for (const row of await claim(pool)) await recordOutcomes(pool, [outcomeOf(row)]);
    assert.equal(await countOf('deliveries'), 0);
    assert.deepEqual(await drop(), { kind: 'dropped', kept: 2 });
    for (const { id } of [early, late]) await replayDelivery(pool, id, 'anna');
    assert.deepEqual((await claimedBodies()).toSorted(), ['early', 'late']);
  });

  it('lets what ends after it go a day later, with its event, and not before (T2)', async () => {
    const parked = await store('parked');
    await finish(parked.id, 'parked');
    await moveTo(day);
    await drop();
    await discardDelivery(pool, parked.id, 'anna');
    assert.equal((await sweepAllKept(pool, KEEP_DAYS)).events, 0);
    await pool.query("update finished_deliveries set finished_at = now() - interval '25 hours'");
    assert.equal((await sweepAllKept(pool, KEEP_DAYS)).events, 1);
    assert.equal(await countOf('finished_deliveries'), 0);
    assert.equal(await countOf('kept_events'), 0);
  });

  it('lets the event of one that is not to be kept go as soon as that is delivered', async () => {
    const hot = await store('hot', { keepHistory: false });
    await moveTo(day);
    await drop();
    assert.equal((await sweepAllKept(pool, KEEP_DAYS)).events, 0);
    await finish(hot.id, 'delivered');
    assert.equal(await countOf('all_deliveries'), 0);
    assert.equal((await sweepAllKept(pool, KEEP_DAYS)).events, 1);
    assert.equal(await countOf('kept_events'), 0);
  });

  it('is one that is over for long enough, and may lie in the default partition', async () => {
    await dropDay(pool, day, { signal: ON });
    const [last, over] = [await dayBefore(KEEP_DAYS), await dayBefore(KEEP_DAYS + 2)];
    await makeDay(last);
    await store('open');
    const done = await store('done');
    await claim(pool).then(rows =>
      recordOutcomes(
        pool,
        rows.map(row => outcomeOf(row, row.id === done.id ? {} : { state: 'due' })),
      ),
    );
    await moveTo(over);
    await pool.query("update finished_deliveries set finished_at = now() - interval '25 hours'");
    assert.deepEqual(await listExpiredDays(pool, KEEP_DAYS), [over]);
    await sweepAllKept(pool, KEEP_DAYS);
    assert.deepEqual(await dropDay(pool, over, { signal: ON }), { kind: 'dropped', kept: 1 });
    assert.equal(await countOf('events'), 0);
    assert.deepEqual(await listExpiredDays(pool, KEEP_DAYS), []);
    assert.deepEqual(await claimedBodies(), ['open']);
  });

  it('is copied some bodies at a time, however large they are', async () => {
    for (let n = 0; n < 5; n++) await store(`large ${n}`);
    await pool.query("update events set body = decode(repeat('00', 20 * 1024 * 1024), 'hex')");
    await moveTo(day);
    const copied: number[] = [];
    const counting = {
      async query(text: string, values?: unknown[]) {
        const result = await pool.query(text, values);
        if (text.includes('kept_events')) copied.push(await countOf('kept_events'));
        return result;
      },
    } as unknown as Pool;
    assert.deepEqual(await dropDay(counting, day, { signal: ON }), { kind: 'dropped', kept: 5 });
    assert.deepEqual(copied, [3, 5]);
    assert.equal(await countOf('events'), 0);
  });

  it('that somebody reads for long is not copied again at the next try (T5)', async () => {
    await store('open');
    await moveTo(day);
    let copies = 0;
    const counting = {
      query(text: string, values?: unknown[]) {
        if (text.includes('kept_events')) copies += 1;
        return pool.query(text, values);
      },
    } as unknown as Pool;
    const reader = await pool.connect();
    try {
      await reader.query('begin');
      await reader.query('select from events');
      const busy = await dropDay(counting, day, { signal: ON });
      assert.ok(busy.kind === 'busy');
      assert.deepEqual([busy.progress.kept, copies], [1, 1]);
      await reader.query('commit');
      const dropped = await dropDay(counting, day, { signal: ON, progress: busy.progress });
      assert.deepEqual(dropped, { kind: 'dropped', kept: 1 });
      assert.equal(copies, 1);
      assert.deepEqual(await claimedBodies(), ['open']);
    } finally {
      reader.release();
    }
  });

  it('that fails says how far it has come, and goes on there (T5)', async () => {
    await store('open');
    await moveTo(day);
    await pool.query(`create view reports as select count(*) from events_${day.replaceAll('-', '')}`);
    const failed = await drop();
    await pool.query('drop view reports');
    assert.ok(failed.kind === 'failed');
    assert.equal(failed.progress.kept, 1);
    const dropped = await dropDay(pool, day, { signal: ON, progress: failed.progress });
    assert.deepEqual(dropped, { kind: 'dropped', kept: 1 });
    assert.deepEqual(await claimedBodies(), ['open']);
  });

  it('goes part by part where it is large and lies in the default partition, each from where the last one ended (T5)', async () => {
    await dropDay(pool, day, { signal: ON });
    await insertInDefault(25_000);
    await store('open');
    await moveTo(day);
    const first = await dropDay(pool, day, { signal: ON, statements: 5 }); // two to list, one to copy
    assert.ok(first.kind === 'partly');
    assert.equal(await countOf('events'), 5_001);
    const second = await dropDay(pool, day, { signal: ON, statements: 5, progress: first.progress });
    assert.deepEqual(second, { kind: 'dropped', kept: 1 });
    assert.equal(await countOf('events'), 0);
    assert.deepEqual(await claimedBodies(), ['open']);
  });

  it('stops with the process also where it lies in the default partition', async () => {
    await dropDay(pool, day, { signal: ON });
    await insertInDefault(10_001);
    const ending = new AbortController();
    const interrupted = {
      query(text: string, values?: unknown[]) {
        if (text.includes('delete')) ending.abort();
        return pool.query(text, values);
      },
    } as unknown as Pool;
    assert.deepEqual(await dropDay(interrupted, day, { signal: ending.signal }), { kind: 'stopped' });
    assert.equal(await countOf('events'), 1);
    assert.deepEqual(await drop(), { kind: 'dropped', kept: 0 });
    assert.equal(await countOf('events'), 0);
  });

  it('leaves a table of its name alone that somebody has detached', async () => {
    const table = `events_${day.replaceAll('-', '')}`;
    await pool.query(`alter table events detach partition ${table}`);
    assert.deepEqual(await listExpiredDays(pool, KEEP_DAYS), [day]); // by its finished deliveries
    assert.deepEqual(await drop(), { kind: 'dropped', kept: 0 });
    assert.equal(await countOf(table), 0, 'it is there');
    await pool.query(`drop table ${table}`);
  });

  it('stops with the process, and loses nothing by it', async () => {
    await store('open');
    await moveTo(day);
    assert.deepEqual(await dropDay(pool, day, { signal: AbortSignal.abort() }), { kind: 'stopped' });
    assert.equal(await countOf('events'), 1);
    assert.deepEqual(await claimedBodies(), ['open']);
  });
});
