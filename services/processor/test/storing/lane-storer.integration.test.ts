import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { LaneBatch } from '@ackline/eventlog/kafka-consumer';
import { keyHash } from '@ackline/eventlog/lane';
import type { DestinationConfig } from '@ackline/shared/config/types';
import type { EventEnvelope } from '@ackline/shared/envelope';
import { line } from '@ackline/shared/providers/line';
import { createEventIds } from '@ackline/shared/event-id';
import { providers } from '@ackline/shared/providers/registry';
import { recordKey } from '@ackline/shared/record-key';
import { appendToInbox as appendRows } from '@ackline/store/inbox';
import { ensureLanes, LaneBehind, lockLane, readLaneOffsets } from '@ackline/store/lanes';
import { type KeptRecord, returnQuarantined } from '@ackline/store/quarantine-return';
import { inTransaction } from '@ackline/store/transaction';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import type { DeliveryDesk, ReadyStart, Reservation } from '../../src/storing/desk.ts';
import { createFanOutSteps } from '@ackline/shared/routing/fan-out';
import { createRules } from '../../src/rules.ts';
import { createLaneStorer, type LaneStorer } from '../../src/storing/lane-storer.ts';
import { routeUnrouted } from '../../src/late-routing.ts';
import type { StoringRules } from '../../src/storing/store-events.ts';
import { destinationConfig, routeConfig, ruleOf, sourceConfig, spin } from '../configs.ts';
import {
  appendToInbox,
  inboxNumbers,
  kafkaBatch,
  lateDeps,
  openPool,
  sampleEvent,
  TOPIC_ID,
} from '../events.ts';

const LANES = 3;

interface Desk extends DeliveryDesk {
  readonly started: ReadyStart[];
  readonly open: Set<Reservation>;
  /** Destinations that were said to have something left due, each time. */
  readonly leftDue: (readonly string[])[];
}

/** A desk with so many slots; it starts nothing, and keeps what it was told. */
function countingDesk(slots: number, onReserve: () => void = () => undefined): Desk {
  const desk: Desk = {
    started: [],
    open: new Set(),
    leftDue: [],
    tryReserve(destination) {
      onReserve();
      if (desk.open.size >= slots) return null;
      const end = () => void desk.open.delete(reservation);
      const reservation: Reservation = {
        destination,
        leaseId: randomUUID(),
        leaseMs: 60_000,
        leaseEndsAt: Number.POSITIVE_INFINITY,
        lendRoom: () => undefined,
        begin: () => Promise.resolve(true),
        finish: end,
        giveBack: end,
        giveBackUnheard: end,
      };
      desk.open.add(reservation);
      return reservation;
    },
    start: starts => void desk.started.push(...starts),
    wake: (names = []) => void desk.leftDue.push(names),
  };
  return desk;
}

interface Harness {
  readonly storer: LaneStorer;
  readonly desk: Desk;
  readonly counts: { stored: number; duplicates: number; unrouted: number };
  readonly quarantined: string[];
  readonly refused: string[];
  /** Where what was stored without knowing that what came before it is was found. */
  readonly uncertain: string[];
  /** Bodies with several events that were stored as one. */
  readonly wholes: string[];
}

describe('storing a lane', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
    await ensureLanes(pool, LANES);
    await pool.query("alter table events add constraint no_poison check (type <> 'poison')");
    await pool.query(`
      create function disk_full() returns trigger language plpgsql as
        $$ begin raise exception 'disk full' using errcode = '53100'; end $$;
      create constraint trigger full_at_commit after insert on events deferrable initially deferred
        for each row when (new.type = 'last straw') execute function disk_full();
      create function slow_event() returns trigger language plpgsql as
        $$ begin perform pg_sleep(0.15); return new; end $$;
      create trigger slow before insert on events for each row when (new.type = 'slow') execute function slow_event()`);
  });
  beforeEach(async () => {
    await pool.query(
      'truncate inbox, event_keys, events, unrouted_events, deliveries, finished_deliveries, quarantine',
    );
    await pool.query('update lanes set topic_id = null, next_offset = null');
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  function harness(
    options: {
      slots?: number;
      ordering?: 'none' | 'key';
      pool?: Pool;
      lanes?: number;
      onReserve?: () => void;
      onRulesAsked?: () => Partial<StoringRules>;
    } = {},
  ): Harness {
    const desk = countingDesk(options.slots ?? 100, options.onReserve);
    const counts = { stored: 0, duplicates: 0, unrouted: 0 };
    const quarantined: string[] = [];
    const refused: string[] = [];
    const uncertain: string[] = [];
    const wholes: string[] = [];
    const destination = destinationConfig({ ordering: options.ordering ?? 'none' });
    const storer = createLaneStorer({
      pool: options.pool ?? pool,
      lanes: () => options.lanes ?? 1,
      rules: () => ({
        desk,
        providerOf: ({ provider }) => providers.get(provider),
        destinations: new Map<string, DestinationConfig>([[destination.name, destination]]),
        fanOut: createFanOutSteps({
          sources: [sourceConfig()],
          routes: [routeConfig({ match: { source: null, tenant: 'default', type: null, where: null } })],
        }),
        ...options.onRulesAsked?.(),
      }),
      listener: {
        stored(batch, { items }) {
          counts.stored += batch.stored;
          counts.duplicates += batch.duplicates;
          counts.unrouted += batch.unrouted;
          wholes.push(...batch.keptWhole.map(({ id }) => id));
          for (const item of items)
            if (item.kind === 'event' && item.place.isUncertain) uncertain.push(item.origin);
        },
        quarantined: (origin, reason) => void quarantined.push(`${origin} ${reason}`),
        refused: reason => void refused.push(reason),
      },
    });
    return { storer, desk, counts, quarantined, refused, uncertain, wholes };
  }

  async function storedIds(): Promise<string[]> {
    const { rows } = await pool.query<{ id: string }>('select id from events order by seq');
    return rows.map(row => row.id);
  }
  async function states(): Promise<Record<string, string>> {
    const { rows } = await pool.query<{ event_id: string; state: string }>(
      'select event_id, state from deliveries',
    );
    return Object.fromEntries(rows.map(row => [row.event_id, row.state]));
  }
  const laneOffset = async (lane = 0) => (await readLaneOffsets(pool, TOPIC_ID))[lane]!.nextOffset;
  const ids = (events: readonly EventEnvelope[]) => events.map(event => event.id);
  const several = (count: number, overrides: Partial<EventEnvelope> = {}) =>
    Array.from({ length: count }, () => sampleEvent(overrides));
  const waitsForLock = () =>
    waitFor(async () => {
      const { rowCount } = await pool.query(
        "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      );
      return rowCount === 1;
    });

  it('stores each transaction under one configuration, whatever a reload changes meanwhile', async () => {
    const routing: string[] = [];
    const { storer } = harness({
      onRulesAsked() {
        const rules = ['routed', 'unmatched'][routing.length] ?? 'asked once more';
        routing.push(rules);
        return rules === 'routed' ? {} : { fanOut: ruleOf({ routing: 'unmatched' }) };
      },
    });
    await storer.storeKafkaBatch(kafkaBatch(several(3)));
    await storer.storeKafkaBatch(kafkaBatch(several(2), { first: 3n }));
    const { rows } = await pool.query<{ routing: string }>('select routing from events order by seq');
    assert.deepEqual(
      rows.map(row => row.routing),
      ['routed', 'routed', 'routed', 'unmatched', 'unmatched'],
    );
    assert.deepEqual(routing, ['routed', 'unmatched']);
  });

  it('keeps events, deliveries and the lane’s offset, in the order of the records', async () => {
    const { storer, counts } = harness();
    const events = several(50);
    await storer.storeKafkaBatch(kafkaBatch(events, { lane: 2, first: 2n ** 53n }));
    assert.deepEqual(await storedIds(), ids(events));
    assert.equal(Object.keys(await states()).length, 50);
    assert.equal(await laneOffset(2), 2n ** 53n + 50n);
    assert.equal(await laneOffset(0), null);
    assert.deepEqual(counts, { stored: 50, duplicates: 0, unrouted: 0 });
  });

  it('moves the offset over records that are no events', async () => {
    const { storer } = harness();
    await storer.storeKafkaBatch({ ...kafkaBatch([]), nextOffset: 12n });
    assert.equal(await laneOffset(), 12n);
  });

  describe('a repeated event', () => {
    it('is stored once within one batch, and the first one wins', async () => {
      const { storer, counts } = harness();
      const [first, repeat] = several(2, { dedupKey: '1001' });
      const other = sampleEvent({ dedupKey: '1001', source: 'twilio' });
      await storer.storeKafkaBatch(kafkaBatch([first!, other, repeat!]));
      assert.deepEqual(await storedIds(), ids([first!, other]));
      assert.equal(counts.duplicates, 1);
    });

    it('is stored once over both logs and any number of batches', async () => {
      const { storer, desk, counts } = harness();
      const event = sampleEvent({ dedupKey: '1002', orderingKey: 'chat' });
      await appendToInbox(pool, [event]);
      await storer.storeKafkaBatch(kafkaBatch([event])); // an append to Kafka that timed out, and arrived all the same
      await storer.storeKafkaBatch(kafkaBatch([event]));
      await appendToInbox(pool, [{ ...event, id: randomUUID() }]);
      assert.equal(await storer.storeInboxRows(await inboxNumbers(pool)), 1);
      assert.deepEqual(await storedIds(), [event.id]);
      assert.equal(desk.started.length, 1);
      assert.deepEqual(counts, { stored: 1, duplicates: 3, unrouted: 0 });
      assert.deepEqual(await inboxNumbers(pool), []);
    });

    it('of two lanes at once is stored once', async () => {
      const { storer } = harness();
      const [one, two] = several(2, { dedupKey: '1003' });
      await Promise.all([
        storer.storeKafkaBatch(kafkaBatch([one!], { lane: 0 })),
        storer.storeKafkaBatch(kafkaBatch([two!], { lane: 1 })),
      ]);
      assert.equal((await storedIds()).length, 1);
    });
  });

  describe('that fails half way', () => {
    it('leaves nothing, gives its reservations back, and is stored once when it is tried again', async () => {
      const impatient = openPool(database.url, 300);
      const { storer, desk } = harness({ pool: impatient });
      const events = several(3);
      await appendToInbox(pool, events.slice(2));
      const batch = kafkaBatch(events.slice(0, 2));
      await inTransaction(pool, async client => {
        await client.query('lock table deliveries in access exclusive mode'); // the last that a batch comes to
        await assert.rejects(storer.storeKafkaBatch(batch), /timeout/);
        const numbers = await inboxNumbers(pool);
        await assert.rejects(storer.storeInboxRows(numbers), /timeout/);
        assert.equal(numbers.length, 1);
        assert.deepEqual(await inboxNumbers(pool), numbers);
      });
      assert.deepEqual(await storedIds(), []);
      assert.equal(await laneOffset(), null);
      assert.equal(desk.open.size, 0);
      assert.deepEqual(desk.started, []);
      assert.equal((await pool.query('select from quarantine')).rowCount, 0);
      await storer.storeKafkaBatch(batch);
      await storer.storeInboxRows(await inboxNumbers(pool));
      assert.deepEqual(await storedIds(), ids(events));
      assert.equal(desk.started.length, 3);
      await impatient.end();
    });
  });

  describe('with more than fits into the time limit', () => {
    /** Time for two of them in one statement, not for three. */
    const LIMIT_MS = 400;

    it('stores a Kafka batch in parts, in order, and with its waiting rows in their places', async () => {
      const impatient = openPool(database.url, LIMIT_MS);
      const { storer } = harness({ pool: impatient });
      const chat = { type: 'slow', orderingKey: 'chat' };
      const early = several(5, chat);
      const [k0, k1, k2] = several(3, chat);
      await appendToInbox(pool, early);
      await storer.storeKafkaBatch(kafkaBatch([k0!, k1!, k2!], { first: 7n }));
      assert.deepEqual(await storedIds(), ids([...early, k0!, k1!, k2!]));
      assert.equal(await laneOffset(), 10n);
      assert.deepEqual(await inboxNumbers(pool), []);
      await impatient.end();
    });

    it('stores inbox rows in parts, in order', async () => {
      const impatient = openPool(database.url, LIMIT_MS);
      const { storer } = harness({ pool: impatient });
      const events = several(5, { type: 'slow', orderingKey: 'chat' });
      await appendToInbox(pool, events);
      assert.equal(await storer.storeInboxRows(await inboxNumbers(pool)), 5);
      assert.deepEqual(await storedIds(), ids(events));
      await impatient.end();
    });

    describe('in one body', () => {
      const slowBody = (type = 'slow') => {
        const events = ['ada', 'bob', 'cy'].map(userId => ({ type, source: { type: 'user', userId } }));
        const body = Buffer.from(JSON.stringify({ destination: 'bot', events }));
        return sampleEvent({ provider: 'line', type: 'batch', orderingKey: 'bot', body });
      };
      async function storedBodies(): Promise<readonly unknown[]> {
        const { rows } = await pool.query<{ type: string; body: Buffer }>(
          'select type, body from events order by seq',
        );
        return rows.map(row => [row.type, row.body.toString()]);
      }
      /** So that a body that is kept whole needs no head. */
      const ofMessages = {
        fanOut: createFanOutSteps({
          sources: [sourceConfig()],
          routes: [routeConfig({ match: { source: null, tenant: 'default', type: 'message', where: null } })],
        }),
      };
      const whole = (event: EventEnvelope) => [event.type, Buffer.from(event.body).toString()];

      it('keeps it whole, out of Kafka and the inbox, and goes on behind it', async () => {
        const impatient = openPool(database.url, LIMIT_MS);
        const { storer, quarantined, wholes } = harness({ pool: impatient });
        const [early, late, row] = [slowBody(), slowBody(), slowBody()];
        const after = sampleEvent({ orderingKey: 'bot' });
        await storer.storeKafkaBatch(kafkaBatch([early, late, after]));
        assert.equal(await laneOffset(), 3n);
        await appendToInbox(pool, [row, sampleEvent({ orderingKey: 'bot' })]);
        assert.equal(await storer.storeInboxRows(await inboxNumbers(pool)), 2);
        const stored = await storedBodies();
        assert.deepEqual([stored[0], stored[1], stored[3]], [early, late, row].map(whole));
        assert.equal(stored.length, 5);
        assert.deepEqual(wholes, ids([early, late, row]));
        assert.deepEqual(quarantined, []);
        await impatient.end();
      });

      it('quarantines it where PostgreSQL refuses the whole of what takes too long in parts', async () => {
        const impatient = openPool(database.url, LIMIT_MS);
        const { storer, quarantined, wholes } = harness({ pool: impatient });
        const after = sampleEvent({ orderingKey: 'bot' });
        await pool.query("alter table events add constraint no_batch check (type <> 'batch')");
        try {
          await storer.storeKafkaBatch(kafkaBatch([slowBody(), after]));
        } finally {
          await pool.query('alter table events drop constraint no_batch');
          await impatient.end();
        }
        assert.deepEqual(await storedBodies(), [whole(after)]);
        assert.deepEqual([quarantined.length, wholes, await laneOffset()], [1, [], 2n]);
        assert.match(quarantined.join(), /SQLSTATE 23514/);
      });

      it('waits for a head that somebody has locked, and splits it once that is free', async () => {
        const impatient = openPool(database.url, LIMIT_MS);
        const { storer, wholes } = harness({
          pool: impatient,
          ordering: 'key',
          onRulesAsked: () => ofMessages,
        });
        await storer.storeKafkaBatch(kafkaBatch([slowBody('message')]));
        const first = await storedBodies();
        const batch = kafkaBatch([slowBody('message')], { first: 1n });
        await inTransaction(pool, async client => {
          await client.query('set local idle_in_transaction_session_timeout = 0');
          const { rowCount } = await client.query(
            "select from deliveries where ordering_key like '%ada%' for update",
          );
          assert.equal(rowCount, 1);
          await assert.rejects(storer.storeKafkaBatch(batch), { code: '55P03' });
        });
        assert.deepEqual([await storedBodies(), await laneOffset()], [first, 1n]);
        await storer.storeKafkaBatch(batch);
        assert.deepEqual([(await storedBodies()).length, wholes, await laneOffset()], [6, [], 2n]);
        await impatient.end();
      });

      it('waits where a plain event takes too long as well, and splits it once that is over', async () => {
        const impatient = openPool(database.url, LIMIT_MS);
        const { storer } = harness({ pool: impatient });
        const batch = kafkaBatch([slowBody('message')]);
        await pool.query(`
          create function slow_disk() returns trigger language plpgsql as
            $$ begin perform pg_sleep(0.6); return null; end $$;
          create trigger slow_for_all before insert on events for each statement execute function slow_disk()`);
        try {
          await assert.rejects(storer.storeKafkaBatch(batch), /timeout/);
        } finally {
          await pool.query('drop trigger slow_for_all on events; drop function slow_disk');
        }
        assert.deepEqual(await storedBodies(), []);
        await storer.storeKafkaBatch(batch);
        assert.equal((await storedBodies()).length, 3);
        await impatient.end();
      });
    });

    it('decides what a Kafka batch’s routes cost before its transaction', async () => {
      const impatient = openPool(database.url, LIMIT_MS);
      const slow = ruleOf({ routing: 'unmatched' }, () => spin(30));
      const { storer } = harness({ pool: impatient, onRulesAsked: () => ({ fanOut: slow }) });
      let tries = 0;
      impatient.on('acquire', () => {
        tries += 1;
      });
      const events = several(20, { orderingKey: 'chat' });
      await storer.storeKafkaBatch(kafkaBatch(events));
      assert.deepEqual(await storedIds(), ids(events));
      assert.equal(tries, 1);
      await impatient.end();
    });

    it('decides outside of it what inbox rows cost that is too much for a transaction, and goes on where it was', async () => {
      let asked = 0;
      const slow = ruleOf({ routing: 'unmatched' }, () => {
        asked += 1;
        spin(60);
      });
      const counting = openPool(database.url);
      let tries = 0;
      counting.on('acquire', () => {
        tries += 1;
      });
      const { storer } = harness({ pool: counting, onRulesAsked: () => ({ fanOut: slow }) });
      const chat = { orderingKey: 'chat' };
      const rows = several(20, chat);
      const [record] = several(1, chat);
      await appendToInbox(pool, rows);
      await storer.storeKafkaBatch(kafkaBatch([record!]));
      assert.deepEqual(await storedIds(), ids([...rows, record!]));
      assert.ok(tries >= 2, 'the first gave up');
      assert.ok(asked <= 21 + 1, `${asked} asked, and one of them was under way when the transaction ended`);
      const more = several(20, chat);
      await appendToInbox(pool, more);
      assert.equal(await storer.storeInboxRows(await inboxNumbers(pool)), 20);
      assert.deepEqual(await storedIds(), ids([...rows, record!, ...more]));
      assert.ok(tries >= 4, 'the first of these too');
      assert.ok(asked <= 41 + 2, `${asked} asked`);
      await counting.end();
    });

    it('stores in halves what stood still in its transaction for so long that the server ended it', async () => {
      const impatient = openPool(database.url, LIMIT_MS);
      // Others compute, and this transaction waits for its turn.
      const { storer, desk } = harness({ pool: impatient, onReserve: () => spin(100) });
      const [events, rows] = [several(8, { orderingKey: 'chat' }), several(8, { orderingKey: 'other' })];
      await storer.storeKafkaBatch(kafkaBatch(events));
      assert.deepEqual(await storedIds(), ids(events));
      await appendToInbox(pool, rows);
      assert.equal(await storer.storeInboxRows(await inboxNumbers(pool)), 8);
      assert.deepEqual(await storedIds(), ids([...events, ...rows]));
      assert.equal(desk.started.length, 16);
      assert.equal(desk.open.size, 16);
      await impatient.end();
    });

    it('does not cut a batch that only waits for another storer of its lane', async () => {
      const impatient = openPool(database.url, LIMIT_MS);
      const { storer } = harness({ pool: impatient });
      await inTransaction(pool, async client => {
        await lockLane(client, 0);
        let tries = 0;
        impatient.on('acquire', () => {
          tries += 1;
        });
        await assert.rejects(storer.storeKafkaBatch(kafkaBatch(several(8))), { code: '55P03' });
        assert.equal(tries, 1);
      });
      await impatient.end();
    });
  });

  it('that fails only at the commit leaves nothing, and gives its reservations back', async () => {
    const { storer, desk, counts } = harness();
    const events = [sampleEvent(), sampleEvent({ type: 'last straw' })];
    await assert.rejects(storer.storeKafkaBatch(kafkaBatch(events)), /disk full/);
    assert.deepEqual(await storedIds(), []);
    assert.equal(await laneOffset(), null);
    assert.equal(desk.open.size, 0);
    assert.deepEqual(desk.started, []);
    assert.equal(counts.stored, 0);
  });

  describe('with something in it that can’t be stored', () => {
    async function quarantine(): Promise<{ origin: string; reason: string; body: Buffer }[]> {
      const { rows } = await pool.query<{ origin: string; reason: string; body: Buffer }>(
        'select origin, reason, body from quarantine order by id',
      );
      return rows;
    }

    it('keeps that apart with the reason, and stores its neighbours of both logs in order', async () => {
      const { storer, desk, counts, quarantined } = harness();
      const chat = { orderingKey: 'chat' };
      const before = sampleEvent(chat);
      const poison = sampleEvent({ ...chat, type: 'poison', body: Buffer.from([0, 1, 0xff]) });
      const [waiting, late] = several(2, chat);
      const next = sampleEvent(chat);
      await appendToInbox(pool, [waiting!], 10n);
      await appendToInbox(pool, [late!], 11n);
      await storer.storeKafkaBatch(kafkaBatch([before, poison, next], { first: 10n }));
      assert.deepEqual(await storedIds(), ids([before, waiting!, late!, next]));
      const reason = 'SQLSTATE 23514';
      assert.deepEqual(await quarantine(), [
        { origin: 'kafka:0:11', reason, body: Buffer.from(poison.body) },
      ]);
      assert.deepEqual(quarantined, [`kafka:0:11 ${reason}`]);
      assert.equal(await laneOffset(), 13n);
      assert.deepEqual(await inboxNumbers(pool), []);
      assert.equal(desk.open.size, 4);
      assert.equal(desk.started.length, 4);
      assert.deepEqual(counts, { stored: 4, duplicates: 0, unrouted: 0 });
    });

    it('keeps apart what is too long for an index, as one that an operator made, out of both logs', async () => {
      const { storer, quarantined } = harness();
      const key = () => randomBytes(500).toString('hex'); // nothing to compress
      const long = () => sampleEvent({ type: key(), dedupKey: key(), orderingKey: key() });
      const [before, next, ...rows] = several(4);
      const [record, row] = [long(), long()];
      await pool.query(
        "create index of_an_operator on events ((type || dedup_key || coalesce(ordering_key, '')))",
      );
      try {
        await storer.storeKafkaBatch(kafkaBatch([before!, record, next!]));
        await appendToInbox(pool, [rows[0]!, row, rows[1]!]);
        await storer.storeInboxRows(await inboxNumbers(pool));
      } finally {
        await pool.query('drop index of_an_operator');
      }
      assert.deepEqual(await storedIds(), ids([before!, next!, ...rows]));
      const reason = 'SQLSTATE 54000';
      assert.deepEqual(quarantined, [`kafka:0:1 ${reason}`, `inbox:${row.id} ${reason}`]);
      assert.deepEqual(await inboxNumbers(pool), []);
    });

    it('keeps it once, and says so once, where its batch is read again', async () => {
      const { storer, quarantined } = harness();
      const poison = sampleEvent({ type: 'poison' });
      const invalid = { reason: 'not an event', headersBytes: Buffer.from('h'), value: Buffer.from('v') };
      const batch = kafkaBatch([poison, sampleEvent()]);
      const records = [...batch.records, { offset: 2n, invalid }];
      const read = () => storer.storeKafkaBatch({ ...batch, records, nextOffset: 3n });
      await read();
      await read();
      const origins = (await quarantine()).map(({ origin }) => origin);
      assert.deepEqual(origins.toSorted(), ['kafka:0:0', 'kafka:0:2']);
      assert.equal(quarantined.length, 2);
    });

    it('takes it from the inbox once what refused it is repaired, whole and once; before that it comes back', async () => {
      const { storer } = harness();
      const poison = sampleEvent({ type: 'poison', orderingKey: 'chat', body: Buffer.from([0, 1, 0xff]) });
      await storer.storeKafkaBatch(kafkaBatch([poison]));
      const giveBack = async () => {
        const { rows } = await pool.query<{ id: string }>('select id from quarantine');
        const place = ({ meta }: KeptRecord) => ({
          id: poison.id,
          keyHash: keyHash(recordKey(poison)),
          meta,
        });
        const returned = await returnQuarantined(pool, { id: rows[0]!.id, actor: 'anna', place });
        assert.equal(returned.kind, 'returned');
        assert.equal(await storer.storeInboxRows(await inboxNumbers(pool)), 1);
      };
      await giveBack();
      const [again] = await quarantine();
      assert.deepEqual(again, {
        origin: `inbox:${poison.id}`,
        reason: 'SQLSTATE 23514',
        body: Buffer.from(poison.body),
      });
      assert.deepEqual(await storedIds(), []);
      await pool.query('alter table events drop constraint no_poison');
      try {
        await giveBack();
        const { rows } = await pool.query<{ id: string; body: Buffer }>('select id, body from events');
        assert.deepEqual(rows, [{ id: poison.id, body: Buffer.from(poison.body) }]);
        assert.deepEqual(await quarantine(), []);
        await storer.storeKafkaBatch(kafkaBatch([poison], { first: 1n }));
        assert.deepEqual(await storedIds(), [poison.id]);
      } finally {
        await pool.query('truncate events');
        await pool.query("alter table events add constraint no_poison check (type <> 'poison')");
      }
    });

    it('keeps how far it came when the rest fails', async () => {
      const { storer, desk } = harness();
      const events = [sampleEvent(), sampleEvent({ type: 'poison' }), sampleEvent({ type: 'last straw' })];
      await assert.rejects(storer.storeKafkaBatch(kafkaBatch(events, { first: 10n })), /disk full/);
      assert.deepEqual(await storedIds(), ids(events.slice(0, 1)));
      assert.equal((await quarantine()).length, 1);
      assert.equal(await laneOffset(), 12n);
      assert.equal(desk.open.size, 1);
    });

    describe('among 64', () => {
      const LANES_OF_MANY = 3;
      /** Whole, each half on the way down and those beside it, a plain event in its place, itself again, and into quarantine. */
      const MOST_TRANSACTIONS = 1 + 2 * Math.log2(64) + 3;

      async function counted(store: (storer: LaneStorer) => Promise<unknown>, lanes = 1): Promise<number> {
        const counting = openPool(database.url);
        let transactions = 0;
        counting.on('acquire', () => {
          transactions += 1;
        });
        const { storer } = harness({ pool: counting, lanes });
        await store(storer);
        await counting.end();
        return transactions;
      }
      const oneBad = (at: number, keys: number) =>
        Array.from({ length: 64 }, (_, n) =>
          sampleEvent({ orderingKey: `chat-${n % keys}`, ...(n === at ? { type: 'poison' } : {}) }),
        );

      for (const at of [0, 37, 63]) {
        it(`finds the one at ${at} in few transactions, and stores the others in order`, async () => {
          const events = oneBad(at, 1);
          const took = await counted(storer => storer.storeKafkaBatch(kafkaBatch(events, { first: 100n })));
          assert.ok(took <= MOST_TRANSACTIONS, `${took} transactions`);
          assert.deepEqual(await storedIds(), ids(events.toSpliced(at, 1)));
          assert.deepEqual(
            (await quarantine()).map(row => row.origin),
            [`kafka:0:${100 + at}`],
          );
          assert.equal(await laneOffset(), 164n);
        });
      }

      it('does so in the inbox, over several lanes', async () => {
        const events = oneBad(37, 12);
        await appendToInbox(pool, events);
        const numbers = await inboxNumbers(pool);
        const took = await counted(async storer => {
          assert.equal(await storer.storeInboxRows(numbers), 64);
        }, LANES_OF_MANY);
        assert.ok(took <= MOST_TRANSACTIONS, `${took} transactions`);
        assert.deepEqual(await storedIds(), ids(events.toSpliced(37, 1)));
        assert.deepEqual(
          (await quarantine()).map(row => row.origin),
          [`inbox:${events[37]!.id}`],
        );
        assert.deepEqual(await inboxNumbers(pool), []);
      });

      it('keeps the places of waiting rows while it halves', async () => {
        const waiting = several(3, { orderingKey: 'chat-0' });
        const records = oneBad(20, 1);
        for (const [n, after] of [-1n, 19n, 62n].entries()) await appendToInbox(pool, [waiting[n]!], after);
        await counted(storer => storer.storeKafkaBatch(kafkaBatch(records)));
        const inOrder = [
          waiting[0]!,
          ...records.slice(0, 20),
          waiting[1]!,
          ...records.slice(21, 63),
          waiting[2]!,
          records[63]!,
        ];
        assert.deepEqual(await storedIds(), ids(inOrder));
        assert.deepEqual(await inboxNumbers(pool), []);
      });

      it('passes over a waiting row that somebody took meanwhile', async () => {
        const chat = { orderingKey: 'chat' };
        const [first, waiting, last] = several(3, chat);
        const poison = sampleEvent({ ...chat, type: 'poison' });
        await appendToInbox(pool, [waiting!], 1n);
        const racing = openPool(database.url);
        let transactions = 0;
        racing.on('acquire', () => {
          transactions += 1;
          // After the whole batch was tried, and before the part with the row is.
          if (transactions === 2) taken = pool.query('delete from inbox');
        });
        let taken: Promise<unknown> = Promise.resolve();
        const { storer } = harness({ pool: racing });
        await storer.storeKafkaBatch(kafkaBatch([first!, poison, last!]));
        await taken;
        assert.deepEqual(await storedIds(), ids([first!, last!]));
        assert.equal(await laneOffset(), 3n);
        await racing.end();
      });

      it('goes on halving where the rest takes too long', async () => {
        const impatient = openPool(database.url, 400);
        const { storer } = harness({ pool: impatient });
        const slow = { type: 'slow', orderingKey: 'chat' };
        const events = [sampleEvent({ ...slow, type: 'poison' }), ...several(7, slow)];
        await storer.storeKafkaBatch(kafkaBatch(events));
        assert.deepEqual(await storedIds(), ids(events.slice(1)));
        assert.equal((await quarantine()).length, 1);
        assert.equal(await laneOffset(), 8n);
        await impatient.end();
      });
    });

    it('finds it in the inbox too', async () => {
      const { storer, desk } = harness();
      const events = [sampleEvent(), sampleEvent({ type: 'poison' }), sampleEvent()];
      await appendToInbox(pool, events);
      assert.equal(await storer.storeInboxRows(await inboxNumbers(pool)), 3);
      assert.deepEqual(await storedIds(), ids([events[0]!, events[2]!]));
      assert.deepEqual(
        (await quarantine()).map(row => row.origin),
        [`inbox:${events[1]!.id}`],
      );
      assert.deepEqual(await inboxNumbers(pool), []);
      assert.equal(desk.open.size, 2);
    });

    it('stores nothing behind what PostgreSQL has lost of the lane, however small its parts are', async () => {
      const events = Array.from({ length: 4 }, () => sampleEvent());
      const { storer } = harness();
      await storer.storeKafkaBatch(kafkaBatch(events.slice(0, 1)));
      const behind = kafkaBatch(events.slice(2), { first: 2n, storedTo: 2n });
      await assert.rejects(storer.storeKafkaBatch(behind), LaneBehind);
      const poison = sampleEvent({ type: 'poison' });
      const halved = kafkaBatch([poison, ...events.slice(2)], { first: 2n, storedTo: 2n });
      await assert.rejects(storer.storeKafkaBatch(halved), LaneBehind);
      assert.deepEqual(await storedIds(), ids(events.slice(0, 1)));
      assert.deepEqual(await quarantine(), []);

      const lost = kafkaBatch([events[1]!, poison, ...events.slice(2)], { first: 1n, storedTo: 1n });
      await storer.storeKafkaBatch(lost);
      assert.deepEqual(await storedIds(), ids(events));
      assert.equal((await quarantine()).length, 1);
    });

    it('lets no row of the inbox go before what PostgreSQL has lost of its lane, also where rows go alone first', async () => {
      const { storer } = harness();
      const waiting = several(501, { orderingKey: 'chat' }); // earlier than what is in Kafka
      const events = several(3, { orderingKey: 'chat' });
      await storer.storeKafkaBatch(kafkaBatch(events.slice(0, 1)));
      await appendToInbox(pool, waiting);
      const behind = kafkaBatch(events.slice(2), { first: 2n, storedTo: 2n });
      await assert.rejects(storer.storeKafkaBatch(behind), LaneBehind);
      assert.deepEqual(await storedIds(), ids(events.slice(0, 1)));
      assert.equal((await inboxNumbers(pool)).length, waiting.length);

      await storer.storeKafkaBatch(kafkaBatch(events.slice(2), { first: 2n, storedTo: 1n }));
      assert.equal((await storedIds()).length, 2 + waiting.length);
    });

    it('keeps what could not be read at all, as it was', async () => {
      const { storer } = harness();
      const good = sampleEvent();
      const batch: LaneBatch = {
        ...kafkaBatch([good]),
        records: [
          {
            offset: 0n,
            invalid: {
              reason: 'the header id is no UUID',
              headersBytes: Buffer.from('{}'),
              value: Buffer.from([0xff]),
            },
          },
          { offset: 1n, event: good },
        ],
        nextOffset: 2n,
      };
      await storer.storeKafkaBatch(batch);
      const id = randomUUID();
      const row = {
        id,
        keyHash: 1,
        afterOffset: -1n,
        keyId: 'none',
        meta: Buffer.from('{'),
        body: Buffer.alloc(0),
      };
      await appendRows(pool, [row, { ...row, id: randomUUID(), keyId: 'key-of-tomorrow' }]);
      await storer.storeInboxRows(await inboxNumbers(pool));
      assert.deepEqual(
        (await quarantine()).map(found => found.reason),
        ['the header id is no UUID', 'ACKLINE_ENVELOPE_INVALID', 'ACKLINE_STORED_FORM_UNKNOWN'],
      );
      assert.deepEqual(await storedIds(), [good.id]);
      assert.deepEqual(await inboxNumbers(pool), []);
    });
  });

  describe('while PostgreSQL refuses every event', () => {
    const untouched = async () => {
      assert.equal((await pool.query('select from quarantine')).rowCount, 0);
      assert.deepEqual(await storedIds(), []);
      assert.equal(await laneOffset(), null);
    };

    it('waits and quarantines nothing, says why, and goes on where it was once that is mended', async () => {
      const { storer, desk, refused } = harness();
      const [record, row] = several(2);
      await appendToInbox(pool, [row!]);
      const numbers = await inboxNumbers(pool);
      await pool.query("alter table events add constraint older_schema check (tier = 'tape')");
      const refusal = /refuses every event \(SQLSTATE 23514, older_schema\)/;
      await assert.rejects(storer.storeKafkaBatch(kafkaBatch([record!])), refusal);
      await assert.rejects(storer.storeInboxRows(numbers), refusal);
      await untouched();
      assert.deepEqual(await inboxNumbers(pool), numbers);
      assert.equal(refused.length, 2);
      assert.equal(desk.open.size, 0);
      await pool.query('alter table events drop constraint older_schema');
      await storer.storeKafkaBatch(kafkaBatch([record!]));
      await storer.storeInboxRows(numbers);
      assert.deepEqual(await storedIds(), ids([record!, row!]));
    });

    it('quarantines nothing that it refused last, just before it began to take events again', async () => {
      const { storer, quarantined } = harness();
      const [record, row] = several(2);
      await appendToInbox(pool, [row!]);
      // A sequence goes on where a transaction is undone.
      await pool.query(`
        create sequence tries;
        create function refuse_first() returns trigger language plpgsql as
          $$ begin if nextval('tries') = 1 then perform 'no number'::bigint; end if; return null; end $$;
        create trigger refusing before insert on events for each statement execute function refuse_first()`);
      try {
        await storer.storeKafkaBatch(kafkaBatch([record!]));
        await pool.query('alter sequence tries restart');
        await storer.storeInboxRows(await inboxNumbers(pool));
      } finally {
        await pool.query('drop trigger refusing on events; drop function refuse_first; drop sequence tries');
      }
      assert.deepEqual(await storedIds(), ids([record!, row!]));
      assert.deepEqual(quarantined, []);
    });

    it('waits as a whole for a partition that is missing, at the first try, and goes on once it is there', async () => {
      const counting = openPool(database.url);
      const { storer, desk } = harness({ pool: counting });
      const events = several(8);
      const { rows: days } = await pool.query<{ name: string; bound: string }>(
        `select c.oid::regclass::text as name, pg_get_expr(c.relpartbound, c.oid) as bound
           from pg_inherits join pg_class c on c.oid = inhrelid where inhparent = 'events'::regclass`,
      );
      for (const { name } of days) await pool.query(`alter table events detach partition ${name}`);
      let transactions = 0;
      counting.on('acquire', () => {
        transactions += 1;
      });
      try {
        await assert.rejects(storer.storeKafkaBatch(kafkaBatch(events)), { code: '23514' });
        assert.equal(transactions, 1);
        await untouched();
        assert.equal(desk.open.size, 0);
      } finally {
        for (const { name, bound } of days) {
          await pool.query(`alter table events attach partition ${name} ${bound}`);
        }
      }
      await storer.storeKafkaBatch(kafkaBatch(events));
      assert.deepEqual(await storedIds(), ids(events));
      await counting.end();
    });

    it('takes a sequence that was set back for no event’s fault', async () => {
      const { storer, refused } = harness();
      await storer.storeKafkaBatch(kafkaBatch(several(5)));
      await pool.query("select setval('event_seq', (select min(seq) from events), false)");
      await assert.rejects(
        storer.storeKafkaBatch(kafkaBatch(several(1), { first: 5n })),
        /SQLSTATE 23505, events_.*pkey/,
      );
      assert.equal((await pool.query('select from quarantine')).rowCount, 0);
      assert.equal(await laneOffset(), 5n);
      assert.equal(refused.length, 1);
      await pool.query("select setval('event_seq', (select max(seq) from events))");
    });
  });

  describe('together with the inbox', () => {
    it('puts waiting rows of the batch’s keys where they belong, and leaves those of other keys', async () => {
      const { storer } = harness();
      const a = { orderingKey: 'a' };
      const [early, k0, middle, k1, k2, behind] = several(6, a);
      const other = sampleEvent({ orderingKey: 'b' });
      await appendToInbox(pool, [early!], -1n);
      await appendToInbox(pool, [other], -1n);
      await appendToInbox(pool, [middle!], 100n);
      await appendToInbox(pool, [behind!], 102n);
      await storer.storeKafkaBatch(kafkaBatch([k0!, k1!, k2!], { first: 100n }));
      assert.deepEqual(await storedIds(), ids([early!, k0!, middle!, k1!, k2!]));
      assert.equal((await inboxNumbers(pool)).length, 2);
    });

    it('puts a row behind what another ingress sent before it, though its own knew of no offset', async () => {
      const { storer } = harness();
      const [before, row, after] = several(3, { orderingKey: 'a' });
      await appendToInbox(pool, [row!], -1n);
      await storer.storeKafkaBatch(kafkaBatch([before!, after!]));
      assert.deepEqual(await storedIds(), ids([before!, row!, after!]));
    });

    it('tells of each event that it stored without knowing what comes first, once', async () => {
      const { storer, uncertain } = harness();
      const [one, other] = [createEventIds(), createEventIds()];
      const aheadMs = Date.now() + 3_600_000; // of PostgreSQL’s clock
      const ofAt = (next: typeof one, ms: number) =>
        sampleEvent({ orderingKey: 'a', id: next(aheadMs + ms) });
      const [early, late] = [ofAt(one, 0), ofAt(one, 5_000)];
      await appendToInbox(pool, [early, late]);
      const [close, following, last] = [ofAt(other, 50), ofAt(other, 4_950), ofAt(other, 9_000)];
      await storer.storeKafkaBatch(kafkaBatch([close, following], { first: 7n }));
      assert.deepEqual(await storedIds(), ids([early, close, following]));
      const soFar = [`inbox:${early.id}`, 'kafka:0:7', 'kafka:0:8'];
      assert.deepEqual(uncertain, soFar, 'one is placed by clocks, and one stays behind both records');
      await storer.storeKafkaBatch(kafkaBatch([last], { first: 9n }));
      assert.deepEqual(await storedIds(), ids([early, close, following, late, last]));
      assert.deepEqual(uncertain, soFar);
    });

    it('leaves a row that may belong behind what is to come, and takes it with that', async () => {
      const { storer } = harness();
      const [first, second, row, last] = several(4, { orderingKey: 'a' });
      await appendToInbox(pool, [row!], -1n);
      await storer.storeKafkaBatch(kafkaBatch([first!]));
      await storer.storeKafkaBatch(kafkaBatch([second!, last!], { first: 1n }));
      assert.deepEqual(await storedIds(), ids([first!, second!, row!, last!]));
    });

    it('passes over a lane that somebody else stores to, and takes its rows later', async () => {
      const { storer } = harness({ lanes: LANES });
      const events = several(30).map(event => ({ ...event, orderingKey: event.id }));
      await appendToInbox(pool, events);
      const numbers = await inboxNumbers(pool);
      const taken = await inTransaction(pool, async client => {
        await lockLane(client, 1);
        return storer.storeInboxRows(numbers);
      });
      assert.ok(taken > 0 && taken < 30, `${taken} taken`);
      assert.equal((await storedIds()).length, taken);
      assert.equal(await storer.storeInboxRows(numbers), 30 - taken);
      assert.equal(new Set(await storedIds()).size, 30);
      assert.equal(await storer.storeInboxRows(numbers), 0);
    });

    it('stores the inbox’s rows of a key in the order of appending, by two processors at once', async () => {
      const events = several(400, { orderingKey: 'chat' });
      const log = events.map(event => ({ ...event }));
      await appendToInbox(pool, log);
      const numbers = await inboxNumbers(pool);
      const one = harness().storer;
      const two = harness().storer;
      for (let from = 0; from < 400; from += 100) {
        const part = numbers.slice(from, from + 100);
        const took = await Promise.all([one.storeInboxRows(part), two.storeInboxRows(part)]);
        assert.equal(took[0] + took[1], 100);
      }
      assert.deepEqual(await storedIds(), ids(events));
    });
  });

  it('waits for another storer of the lane, and none of the two comes in between the other', async () => {
    const { storer } = harness();
    const events = several(2);
    const held = Promise.withResolvers<void>();
    const locked = Promise.withResolvers<void>();
    const holder = inTransaction(pool, async client => {
      await lockLane(client, 0);
      locked.resolve();
      await held.promise;
    });
    await locked.promise;
    const storing = storer.storeKafkaBatch(kafkaBatch(events));
    await waitsForLock();
    await harness().storer.storeKafkaBatch(kafkaBatch(several(1), { lane: 1 })); // another lane goes on
    assert.equal((await storedIds()).length, 1);
    held.resolve();
    await holder;
    await storing;
    assert.equal((await storedIds()).length, 3);
  });

  it('by two at once keeps each batch together', async () => {
    const batches = Array.from({ length: 6 }, (_, n) => several(100, { type: `batch-${n}` }));
    const storers = [harness().storer, harness().storer];
    await Promise.all(
      batches.map((events, n) =>
        storers[n % 2]!.storeKafkaBatch(kafkaBatch(events, { first: BigInt(n) * 100n })),
      ),
    );
    const { rows } = await pool.query<{ type: string }>('select type from events order by seq');
    const changes = rows.filter((row, n) => n > 0 && rows[n - 1]!.type !== row.type);
    assert.equal(rows.length, 600);
    assert.equal(changes.length, 5);
  });

  it('of a lane that nobody made is refused', async () => {
    const { storer } = harness();
    await assert.rejects(storer.storeKafkaBatch(kafkaBatch(several(1), { lane: 77 })), /lane 77/);
    assert.deepEqual(await storedIds(), []);
  });

  describe('what is to be delivered', () => {
    it('is leased by the storing transaction, and started without a claim', async () => {
      const { storer, desk } = harness();
      const event = sampleEvent();
      await storer.storeKafkaBatch(kafkaBatch([event]));
      assert.deepEqual(await states(), { [event.id]: 'leased' });
      const [start] = desk.started;
      const { rows } = await pool.query('select id, lease_id from deliveries');
      assert.deepEqual(rows, [{ id: start!.delivery.id, lease_id: start!.reservation.leaseId }]);
      assert.equal(start!.event.meta.id, event.id);
      assert.deepEqual(desk.leftDue, []);
    });

    it('waits for the first of its key, in the same batch and in a later one', async () => {
      const { storer, desk } = harness({ ordering: 'key' });
      const [first, second, third] = several(3, { orderingKey: 'chat' });
      const free = sampleEvent({ orderingKey: 'other' });
      await storer.storeKafkaBatch(kafkaBatch([first!, second!, free]));
      await storer.storeKafkaBatch(kafkaBatch([third!], { first: 3n }));
      assert.deepEqual(await states(), {
        [first!.id]: 'leased',
        [second!.id]: 'waiting',
        [free.id]: 'leased',
        [third!.id]: 'waiting',
      });
      assert.deepEqual(
        desk.started.map(start => start.event.meta.id),
        ids([first!, free]),
      );
      assert.equal(desk.open.size, 2, 'no slot is kept for what waits');
      assert.deepEqual(desk.leftDue, []);
    });

    it('of several events in one body waits for the first of its own chat, and not for the other chats of the account', async () => {
      const onRulesAsked = () => ({ providerOf: () => line });
      const { storer, desk } = harness({ ordering: 'key', onRulesAsked });
      const bodyWith = (...chats: string[]) => {
        const events = chats.map(userId => ({ type: 'message', source: { type: 'user', userId } }));
        const body = Buffer.from(JSON.stringify({ destination: 'bot', events }));
        return sampleEvent({ provider: 'line', orderingKey: 'bot', body });
      };
      await storer.storeKafkaBatch(kafkaBatch([bodyWith('ada', 'bob'), bodyWith('ada')]));
      await storer.storeKafkaBatch(kafkaBatch([bodyWith('bob', 'eve')], { first: 2n }));
      const { rows } = await pool.query(
        'select d.ordering_key, d.state from deliveries d join events e on e.id = d.event_id order by e.seq',
      );
      assert.deepEqual(
        rows.map(row => Object.values(row).join(' ')),
        ['bot|ada leased', 'bot|bob leased', 'bot|ada waiting', 'bot|bob waiting', 'bot|eve leased'],
      );
      assert.equal(desk.started.length, 3);
    });

    it('keeps no order where the destination asks for none', async () => {
      const { storer, desk } = harness({ ordering: 'none' });
      await storer.storeKafkaBatch(kafkaBatch(several(3, { orderingKey: 'chat' })));
      assert.equal(desk.started.length, 3);
    });

    it('is left due where no slot is free, and the dispatcher is woken', async () => {
      const { storer, desk } = harness({ slots: 2 });
      await storer.storeKafkaBatch(kafkaBatch(several(5)));
      assert.deepEqual(Object.values(await states()).sort(), ['due', 'due', 'due', 'leased', 'leased']);
      assert.equal(desk.started.length, 2);
      assert.deepEqual(desk.leftDue, [['crm']]);
    });
  });

  describe('an event', () => {
    const routing = async (): Promise<Record<string, string>> => {
      const { rows } = await pool.query<{ id: string; routing: string }>('select id, routing from events');
      return Object.fromEntries(rows.map(row => [row.id, row.routing]));
    };

    it('that no route wants, or whose source is not known yet, is kept, and says so', async () => {
      const { storer, counts } = harness();
      const [routed, unmatched, unrouted] = [
        sampleEvent(),
        sampleEvent({ tenant: 'nobody' }),
        sampleEvent({ source: 'new' }),
      ];
      await storer.storeKafkaBatch(kafkaBatch([routed, unmatched, unrouted]));
      assert.deepEqual(await routing(), {
        [routed.id]: 'routed',
        [unmatched.id]: 'unmatched',
        [unrouted.id]: 'unrouted',
      });
      assert.deepEqual(await states(), { [routed.id]: 'leased' });
      assert.deepEqual(counts, { stored: 3, duplicates: 0, unrouted: 1 });
    });

    it('of a source that becomes known later is routed then, in its old place', async () => {
      const { storer } = harness();
      const waiting = several(2, { source: 'new', orderingKey: 'chat', priority: 'high' });
      const nobodys = sampleEvent({ source: 'new', tenant: 'nobody' });
      await storer.storeKafkaBatch(kafkaBatch([...waiting, nobodys, sampleEvent()]));
      const rules = createRules({
        tenants: [],
        sources: [sourceConfig({ name: 'new' })],
        routes: [routeConfig({ match: { source: 'new', tenant: 'default', type: null, where: null } })],
        destinations: [destinationConfig({ ordering: 'key' })],
      });
      const deps = lateDeps(pool, rules);
      assert.equal(await routeUnrouted(deps, 'new'), 3);
      assert.equal(await routeUnrouted(deps, 'new'), 0);
      const { rows } = await pool.query(
        `select d.event_id, d.ordering_key, d.priority, d.state, d.seq = e.seq as placed
           from deliveries d join events e on e.id = d.event_id where d.source = 'new' order by d.seq`,
      );
      assert.deepEqual(
        rows,
        waiting.map((event, n) => ({
          event_id: event.id,
          ordering_key: 'chat',
          priority: 'high',
          state: n === 0 ? 'due' : 'waiting',
          placed: true,
        })),
      );
      assert.equal((await routing())[nobodys.id], 'unmatched');
      assert.equal((await routing())[waiting[0]!.id], 'routed');
    });

    it('that is refused once its source is known is stored and routed after all, once, from quarantine', async () => {
      const { storer } = harness();
      const event = sampleEvent({ source: 'new', orderingKey: 'chat', body: Buffer.from([0, 255]) });
      await storer.storeKafkaBatch(kafkaBatch([event]));
      const rules = createRules({
        tenants: [],
        sources: [sourceConfig({ name: 'new' })],
        routes: [routeConfig({ match: { source: 'new', tenant: null, type: null, where: null } })],
        destinations: [destinationConfig({ ordering: 'key' })],
      });
      await pool.query("alter table deliveries add constraint no_poison check (ordering_key <> 'chat')");
      try {
        assert.equal(await routeUnrouted(lateDeps(pool, rules), 'new'), 1);
      } finally {
        await pool.query('alter table deliveries drop constraint no_poison');
      }
      const { rows: kept } = await pool.query<{ id: string; origin: string }>(
        'select id, origin from quarantine',
      );
      assert.deepEqual(
        kept.map(({ origin }) => origin),
        [`unrouted:${event.id}`],
      );
      assert.deepEqual(await storedIds(), []);
      const place = ({ meta }: KeptRecord) => ({ id: event.id, keyHash: keyHash(recordKey(event)), meta });
      await returnQuarantined(pool, { id: kept[0]!.id, actor: 'anna', place });
      await storer.storeInboxRows(await inboxNumbers(pool));
      await storer.storeKafkaBatch(kafkaBatch([event], { first: 1n })); // and the provider sends it once more
      assert.equal(await routeUnrouted(lateDeps(pool, rules), 'new'), 1);
      const { rows } = await pool.query(
        'select e.id, e.body, d.state from events e join deliveries d on d.event_id = e.id',
      );
      assert.deepEqual(rows, [{ id: event.id, body: Buffer.from([0, 255]), state: 'due' }]);
      assert.equal((await pool.query('select from quarantine')).rowCount, 0);
    });
  });
});
