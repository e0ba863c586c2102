import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { type FakeReceiver, startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { routeUnrouted } from '../../src/late-routing.ts';
import { createRules } from '../../src/rules.ts';
import { destinationConfig, routeConfig, sourceConfig } from '../configs.ts';
import { lateDeps, openPool, sampleEvent } from '../events.ts';
import { type RunningDelivery, runDelivery } from './running-delivery.ts';

/** Far enough away that no test sees it come. */
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

interface Row {
  readonly eventId: string;
  readonly state: string;
  /** Epoch milliseconds. */
  readonly dueAt: number;
  readonly storedAt: number;
  readonly attemptedAt: number | null;
}

describe('an event over its source’s limit', () => {
  let database: TestDatabase;
  let pool: Pool;
  let receiver: FakeReceiver;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  beforeEach(async () => {
    await pool.query(
      'truncate event_keys, events, unrouted_events, deliveries, finished_deliveries, paused_destinations, processors',
    );
    receiver = await startFakeReceiver();
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  async function scene(play: (running: RunningDelivery) => Promise<void>): Promise<void> {
    const destination = destinationConfig({ url: receiver.url, ordering: 'key' });
    const running = await runDelivery({ pool, destinations: [destination] });
    try {
      await play(running);
    } finally {
      await running.stop(0);
      await receiver.close();
    }
  }
  async function rowOf(eventId: string): Promise<Row> {
    const { rows } = await pool.query<Row>(
      `select d.event_id as "eventId", d.state, (extract(epoch from d.due_at) * 1000)::float8 as "dueAt",
              (extract(epoch from e.stored_at) * 1000)::float8 as "storedAt",
              (extract(epoch from (d.attempts->0->>'at')::timestamptz) * 1000)::float8 as "attemptedAt"
         from all_deliveries d join events e on e.id = d.event_id where d.event_id = $1`,
      [eventId],
    );
    assert.ok(rows[0]);
    return rows[0];
  }
  const untilDelivered = (id: string) => waitFor(async () => (await rowOf(id)).state === 'delivered');

  it('is delivered once its time has come, and what comes later of its key after it', async () => {
    const notBefore = Date.now() + 600;
    const deferred = sampleEvent({ orderingKey: 'chat', notBefore, body: Buffer.from('deferred') });
    const next = sampleEvent({ orderingKey: 'chat', body: Buffer.from('next') });
    await scene(async ({ store }) => {
      await store([deferred]);
      await store([next]);
      await untilDelivered(next.id);
      const row = await rowOf(deferred.id);
      assert.ok((row.attemptedAt ?? 0) >= notBefore);
      assert.deepEqual(
        receiver.requests.map(request => request.body.toString()),
        ['deferred', 'next'],
      );
    });
  });

  it('holds up its own key alone, also within one batch', async () => {
    const notBefore = Date.now() + HOUR_MS;
    const deferred = sampleEvent({ orderingKey: 'chat', notBefore });
    const next = sampleEvent({ orderingKey: 'chat' });
    const others = [sampleEvent({ orderingKey: 'another chat' }), sampleEvent()];
    await scene(async ({ store }) => {
      await store([deferred, next, ...others]);
      for (const other of others) await untilDelivered(other.id);
      assert.equal((await rowOf(deferred.id)).state, 'due');
      assert.equal((await rowOf(deferred.id)).dueAt, notBefore);
      assert.equal((await rowOf(next.id)).state, 'waiting');
      assert.equal(receiver.requests.length, 2);
    });
  });

  it('whose time is over is delivered as any other', async () => {
    const late = sampleEvent({ notBefore: Date.now() - HOUR_MS });
    await scene(async ({ store }) => {
      await store([late]);
      await untilDelivered(late.id);
      const row = await rowOf(late.id);
      assert.ok(row.dueAt >= row.storedAt - 1, 'it does not go ahead of what waited before it');
    });
  });

  it('waits for a day at most, whatever the clock of its ingress says', async () => {
    const wild = sampleEvent({ notBefore: Date.now() + 365 * DAY_MS });
    await scene(async ({ store }) => {
      await store([wild]);
      const row = await rowOf(wild.id);
      assert.ok(row.dueAt <= row.storedAt + DAY_MS + 1_000);
    });
  });

  it('waits too where its source became known only after it was stored', async () => {
    const notBefore = Date.now() + HOUR_MS;
    const event = sampleEvent({ source: 'new', notBefore });
    await scene(async ({ store }) => {
      await store([event]);
      const rules = createRules({
        tenants: [],
        sources: [sourceConfig({ name: 'new' })],
        routes: [routeConfig()],
        destinations: [destinationConfig()],
      });
      const taken = await routeUnrouted(lateDeps(pool, rules), 'new');
      assert.equal(taken, 1);
      assert.equal((await rowOf(event.id)).dueAt, notBefore);
    });
  });
});
