import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { recordOutcomes } from '@ackline/store/delivery-outcomes';
import {
  listDestinationsWithWork,
  listPausedDestinations,
  pauseDestination,
  resumeDestination,
} from '@ackline/store/destinations';
import { listEvents } from '@ackline/store/event-list';
import { insertEvents } from '@ackline/store/events';
import { listParked } from '@ackline/store/parked';
import { replayDelivery } from '@ackline/store/replay-delivery';
import {
  isAlive,
  readFigures,
  readProcessorStates,
  removeHeartbeat,
  writeHeartbeat,
} from '@ackline/store/processors';
import { inTransaction } from '@ackline/store/transaction';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { claim, eventRow, openPool, outcomeOf, storeDeliveries } from './rows.ts';

const ATTEMPT = {
  at: '2026-11-22T10:00:00.000Z',
  ms: 12,
  outcome: 'park',
  status: 503,
  error: null,
  excerpt: 'busy',
} as const;

describe('what an operator sees', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  beforeEach(async () => {
    await pool.query('truncate events, deliveries, finished_deliveries, paused_destinations, processors');
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  async function park(): Promise<{ id: string; eventId: string }> {
    const [row] = await storeDeliveries(pool, [{ orderingKey: 'chat-1' }]);
    const [claimed] = await claim(pool);
    await recordOutcomes(pool, [
      outcomeOf(claimed!, { state: 'parked', parkReason: 'exhausted', blocks: true, attempt: ATTEMPT }),
    ]);
    return row!;
  }

  it('lists what is parked, the newest first, with the reason and the last answer', async () => {
    const older = await park();
    await pool.query('update deliveries set blocks = false');
    const newer = await park();
    const [first, second] = await listParked(pool, { limit: 10 });
    assert.equal(second!.id, older.id);
    assert.ok(first!.parkedAt instanceof Date);
    assert.deepEqual(first, {
      id: newer.id,
      eventId: newer.eventId,
      source: 'telegram',
      tenant: 'default',
      route: 'all',
      destination: 'crm',
      orderingKey: 'chat-1',
      reason: 'exhausted',
      cause: 'crm 503',
      tries: 1,
      parkedAt: first!.parkedAt,
      blocks: true,
      lastAttempt: ATTEMPT,
    });
    assert.equal((await listParked(pool, { limit: 1 })).length, 1);
  });

  it('sends a parked delivery again with a new schedule, once', async () => {
    const { id } = await park();
    assert.deepEqual(await replayDelivery(pool, id, 'anna'), {
      kind: 'replayed',
      destination: 'crm',
      before: 'parked',
    });
    assert.deepEqual(await replayDelivery(pool, id, 'anna'), { kind: 'still-open', state: 'due' });
    const [claimed] = await claim(pool);
    assert.equal(claimed!.tries, 0);
    assert.deepEqual(await replayDelivery(pool, id, 'anna'), { kind: 'still-open', state: 'leased' });
    await recordOutcomes(pool, [outcomeOf(claimed!)]);
    assert.deepEqual(await listParked(pool, { limit: 10 }), []);
    assert.deepEqual(await replayDelivery(pool, id, 'anna'), {
      kind: 'replayed',
      destination: 'crm',
      before: 'delivered',
    });
  });

  it('hears that there is no such delivery', async () => {
    assert.deepEqual(await replayDelivery(pool, randomUUID(), 'anna'), { kind: 'not-found' });
  });

  it('lists events with what became of them, the newest first', async () => {
    const bare = eventRow({
      source: 'twilio',
      routing: 'unmatched',
      orderingKey: null,
      body: Buffer.alloc(0),
    });
    await inTransaction(pool, client => insertEvents(client, [bare]));
    const parked = await park();
    const [newest, oldest] = await listEvents(pool, { limit: 10 });
    assert.equal(newest!.id, parked.eventId);
    const [delivery, ...none] = newest!.deliveries;
    assert.deepEqual(none, []);
    assert.ok(!Number.isNaN(Date.parse(delivery!.dueAt)));
    assert.ok(!Number.isNaN(Date.parse(delivery!.finishedAt!)));
    assert.deepEqual(delivery, {
      id: parked.id,
      route: 'all',
      destination: 'crm',
      state: 'parked',
      tries: 1,
      dueAt: delivery!.dueAt,
      finishedAt: delivery!.finishedAt,
      lastStatus: 503,
      lastError: null,
    });
    assert.ok(oldest!.storedAt instanceof Date);
    assert.deepEqual(oldest, {
      seq: oldest!.seq,
      storedDay: oldest!.storedAt.toISOString().slice(0, 10),
      id: bare.id,
      source: 'twilio',
      tenant: 'default',
      provider: 'telegram',
      type: 'message',
      dedupKey: bare.dedupKey,
      orderingKey: null,
      receivedAt: new Date(bare.receivedAt),
      storedAt: oldest!.storedAt,
      tier: 'inbox',
      routing: 'unmatched',
      bodyBytes: 0,
      deliveries: [],
    });
    assert.deepEqual(await listEvents(pool, { limit: 10, source: 'twilio' }), [oldest]);
    assert.equal((await listEvents(pool, { limit: 1 })).length, 1);
  });

  it('reads only the newest of very many events to list a few', async () => {
    await pool.query(
      `insert into events (stored_day, seq, id, source, tenant, provider, type, dedup_key, received_at, priority, tier,
                           routing, key_id, meta, body)
       select (now() at time zone 'utc')::date + n % 3, nextval('event_seq'), gen_random_uuid(), 's', 't', 'p', 'y', n, now(),
              'normal', 'inbox', 'routed', 'none', '', '' from generate_series(1, 9000) n`,
    );
    await pool.query('analyze events');
    const explained = await listEvents(
      { query: (text: string, values: unknown[]) => pool.query(`explain ${text}`, values) } as never,
      { limit: 20 },
    );
    const plan = explained.map(row => Object.values(row).join()).join('\n');
    assert.match(plan, /Merge Append/);
    assert.match(plan, /Index Scan Backward/);
    assert.doesNotMatch(plan, /Seq Scan on events/);
  });

  it('lists destinations that have something due, each once', async () => {
    assert.deepEqual(await listDestinationsWithWork(pool), []);
    const wishes = ['erp', 'crm', 'erp', 'bot'].map(destination => ({ destination, orderingKey: null }));
    await storeDeliveries(pool, wishes);
    await claim(pool, 1, 'bot');
    assert.deepEqual(await listDestinationsWithWork(pool), ['crm', 'erp']);
  });

  it('pauses a destination with its first reason, and resumes it once', async () => {
    await pauseDestination(pool, 'crm', { reason: 'answered 410 Gone', actor: 'anna' });
    await pauseDestination(pool, 'crm', { reason: 'by hand', actor: 'anna' });
    const [paused, ...rest] = await listPausedDestinations(pool);
    assert.deepEqual(rest, []);
    assert.equal(paused!.reason, 'answered 410 Gone');
    assert.ok(paused!.pausedAt instanceof Date);
    assert.equal(await resumeDestination(pool, 'crm', 'anna'), true);
    assert.equal(await resumeDestination(pool, 'crm', 'anna'), false);
    assert.deepEqual(await listPausedDestinations(pool), []);
  });

  it('sees each processor’s last word, and how old it is', async () => {
    await writeHeartbeat(pool, 'one', { inFlight: 1 });
    await pool.query("update processors set heartbeat_at = now() - interval '90 seconds'");
    await writeHeartbeat(pool, 'two', { inFlight: 2 });
    const [newer, older] = await readProcessorStates(pool);
    assert.deepEqual([newer!.id, newer!.state], ['two', { inFlight: 2 }]);
    assert.ok(newer!.ageMs < 60_000);
    assert.equal(older!.id, 'one');
    assert.ok(older!.ageMs >= 90_000);
    await writeHeartbeat(pool, 'one', { inFlight: 3 });
    assert.deepEqual((await readProcessorStates(pool))[0]!.state, { inFlight: 3 });
  });

  it('counts none as alive whose last word is still to come: the clock was set back since, and who lives says another', async () => {
    await pool.query('truncate processors');
    for (const [id, ahead] of [
      ['dead', '1 day'],
      ['dying', '10 seconds'],
      ['living', '20 minutes'],
    ]) {
      await pool.query(
        'insert into processors (id, state, heartbeat_at, figures) values ($1, $2, now() + $3::interval, $2)',
        [id, JSON.stringify({ id }), ahead],
      );
    }
    await writeHeartbeat(pool, 'living', {});
    const states = await readProcessorStates(pool);
    assert.deepEqual(
      states.map(({ id }) => id).sort(),
      ['dying', 'living'],
      'it is forgotten like one that is long gone',
    );
    assert.deepEqual(
      states.filter(isAlive).map(({ id }) => id),
      ['living'],
    );
    assert.deepEqual(await readFigures(pool), [{ id: 'living' }]);
  });

  it('sees no processor that has said goodbye, or is gone for more than an hour', async () => {
    await writeHeartbeat(pool, 'gone', {});
    await pool.query("update processors set heartbeat_at = now() - interval '61 minutes'");
    await writeHeartbeat(pool, 'leaving', {});
    await writeHeartbeat(pool, 'here', {});
    await removeHeartbeat(pool, 'leaving');
    assert.deepEqual(
      (await readProcessorStates(pool)).map(state => state.id),
      ['here'],
    );
  });
});
