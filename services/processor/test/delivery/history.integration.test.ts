import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { listParked } from '@ackline/store/parked';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { type FakeReceiver, startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { destinationConfig, routeConfig } from '../configs.ts';
import { openPool, sampleEvent } from '../events.ts';
import { seededRandom } from '../seeded-random.ts';
import { type RunningDelivery, runDelivery } from './running-delivery.ts';

describe('a route with history: failures', { timeout: 120_000 }, () => {
  let database: TestDatabase;
  let pool: Pool;
  let receiver: FakeReceiver;
  let running: RunningDelivery | null = null;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  beforeEach(async () => {
    await pool.query('truncate event_keys, events, deliveries, finished_deliveries, processors');
    receiver = await startFakeReceiver();
  });
  afterEach(async () => {
    await running?.stop(0);
    running = null;
    await receiver.close();
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  async function start(keys: 'key' | 'none' = 'none'): Promise<RunningDelivery> {
    const retry = { scheduleMs: [1], jitter: 'none' } as const;
    running = await runDelivery({
      pool,
      routes: [
        routeConfig({ name: 'hot', history: 'failures' }),
        routeConfig({ name: 'cold', history: 'failures', destination: 'erp' }),
      ],
      destinations: ['crm', 'erp'].map(name =>
        destinationConfig({ name, url: `${receiver.url}/${name}`, ordering: keys, retry }),
      ),
    });
    return running;
  }
  const count = async (table: string): Promise<number> =>
    Number((await pool.query<{ n: string }>(`select count(*) as n from ${table}`)).rows[0]?.n);
  const until = (what: string, check: () => Promise<boolean>) => waitFor(check, { what, timeoutMs: 30_000 });

  it('forgets what is delivered, and still knows a duplicate of it', async () => {
    const { store } = await start();
    const event = sampleEvent({ dedupKey: 'update-7' });
    await store([event]);
    await until('an empty store', async () => (await count('events')) === 0);
    assert.deepEqual([await count('all_deliveries'), receiver.requests.length], [0, 2]);
    await store([sampleEvent({ dedupKey: 'update-7' }), sampleEvent({ dedupKey: 'update-8' })]);
    await until(
      'an empty store again',
      async () => receiver.requests.length === 4 && (await count('events')) === 0,
    );
    assert.equal(await count('event_keys'), 2);
  });

  it('forgets an event also where PostgreSQL refused that at first', async () => {
    await pool.query(`
      create function refuse() returns trigger language plpgsql as $$ begin raise 'not now'; end $$;
      create trigger refuse before delete on events for each row execute function refuse()`);
    try {
      const { store, delivery } = await start();
      await store([sampleEvent()]);
      const tried = () => delivery.inFlight() === 0 && receiver.requests.length === 2;
      await until('both deliveries', async () => tried() && (await count('all_deliveries')) === 0);
      assert.equal(await count('events'), 1);
    } finally {
      await pool.query('drop function refuse cascade');
    }
    await until('an empty store', async () => (await count('events')) === 0);
  });

  it('lets a key go on while nothing can be forgotten', async () => {
    await pool.query(`
      create function hold() returns trigger language plpgsql as
        $$ begin perform pg_advisory_xact_lock(7); return old; end $$;
      create trigger hold before delete on events for each row execute function hold()`);
    const holder = await pool.connect();
    try {
      await holder.query('select pg_advisory_lock(7)');
      const { store } = await start('key');
      await store(Array.from({ length: 5 }, () => sampleEvent({ orderingKey: 'chat' })));
      await until('all deliveries', async () => (await count('all_deliveries')) === 0);
      assert.deepEqual([receiver.requests.length, await count('events')], [10, 5]);
      await holder.query('select pg_advisory_unlock(7)');
      await until('an empty store', async () => (await count('events')) === 0);
    } finally {
      holder.release(true);
      await running?.stop(0);
      await pool.query('drop function hold cascade');
    }
  });

  it('loses nothing, whatever fails: each event is delivered to each destination, or parked there with its body', async () => {
    const random = seededRandom(20_261_128);
    receiver.always(() => (random() < 0.5 ? { status: 500 } : { status: 200 }));
    const { store } = await start('key');
    const events = Array.from({ length: 120 }, (_, n) =>
      sampleEvent({ orderingKey: `chat-${n % 7}`, body: Buffer.from(String(n)) }),
    );
    for (let n = 0; n < events.length; n += 20) await store(events.slice(n, n + 20));
    const open = "deliveries where state <> 'parked'";
    await until('the end of all deliveries', async () => (await count(open)) === 0);
    const parked = await listParked(pool, { limit: 1_000 });
    assert.ok(parked.length > 0 && parked.length < 240);
    assert.equal(await count('finished_deliveries'), 0);

    const { rows } = await pool.query<{ destination: string; body: string }>(
      `select d.destination, convert_from(e.body, 'utf8') as body from deliveries d
         join events e on e.stored_day = d.stored_day and e.seq = d.seq`,
    );
    const delivered = receiver.requests.map(({ url, body }) => `${url.slice(1)} ${String(body)}`);
    const seen = new Set([...delivered, ...rows.map(({ destination, body }) => `${destination} ${body}`)]);
    assert.equal(rows.length, parked.length, 'a parked one has no event');
    assert.equal(seen.size, 240);
    const needed = new Set(rows.map(({ body }) => body));
    await until('only events that are needed', async () => (await count('events')) === needed.size);
  });
});
