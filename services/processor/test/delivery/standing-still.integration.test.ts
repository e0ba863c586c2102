import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { sweepExpiredLeases } from '@ackline/store/expired-leases';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { type FakeReceiver, startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import type { ReadyStart } from '../../src/storing/desk.ts';
import { destinationConfig } from '../configs.ts';
import { openPool, sampleEvent } from '../events.ts';
import { type RunningDelivery, type RunningOptions, runDelivery } from './running-delivery.ts';

let database: TestDatabase;
let pool: Pool;
let receivers: FakeReceiver[] = [];
let running: RunningDelivery[] = [];
before(async () => {
  database = await createTestDatabase();
  pool = openPool(database.url);
});
beforeEach(() => pool.query('truncate event_keys, events, deliveries, finished_deliveries'));
afterEach(async () => {
  for (const one of running) await one.stop(0);
  for (const one of receivers) await one.close();
  running = [];
  receivers = [];
});
after(async () => {
  await pool.end();
  await database.close();
});

async function receive(): Promise<FakeReceiver> {
  const receiver = await startFakeReceiver();
  receivers.push(receiver);
  return receiver;
}

async function run(options: Omit<RunningOptions, 'pool'>): Promise<RunningDelivery> {
  const started = await runDelivery({ pool, ...options });
  running.push(started);
  return started;
}

describe('a processor that stands still', () => {
  const states = async () => {
    const { rows } = await pool.query<{ state: string }>('select state from all_deliveries order by seq');
    return rows.map(row => row.state).join();
  };

  it('between the commit of a lease and its attempt does not send once that has ended: others did, and went on', async () => {
    const receiver = await receive();
    const destinations = [destinationConfig({ url: receiver.url, ordering: 'key' })];
    const held: ReadyStart[] = [];
    let stoodStillMs = 0;
    const late = await run({
      destinations,
      now: () => performance.now() + stoodStillMs,
      desk: desk => ({
        tryReserve: (name, bytes, tenant) => desk.tryReserve(name, bytes, tenant),
        wake: leftDue => desk.wake(leftDue),
        start: starts => void held.push(...starts),
      }),
    });
    const [first, second] = ['first', 'second'].map(text =>
      sampleEvent({ orderingKey: 'chat', body: Buffer.from(text) }),
    );
    await late.store([first!, second!]);
    assert.equal(held.length, 1);
    assert.equal(await states(), 'leased,waiting');
    // Nothing of it runs from here on; its lease ends, and another processor takes over.
    const { pause } = late.delivery.destinations.get('crm')!;
    pause.learn(true, pause.mark());
    await pool.query(
      "update deliveries set lease_until = now() - interval '1 second' where state = 'leased'",
    );
    stoodStillMs = 20_000;
    const other = await run({ destinations });
    assert.equal((await sweepExpiredLeases(pool, { block: [], continue: ['crm'] })).interrupted, 1);
    other.delivery.dispatcher.wake();
    await waitFor(async () => (await states()) === 'delivered,delivered');

    late.delivery.dispatcher.start(held);
    for (const one of running) await one.stop();
    running = [];
    assert.deepEqual(
      receiver.requests.map(request => request.body.toString()),
      ['first', 'second'],
    );
    assert.equal(await states(), 'delivered,delivered');
    assert.equal(late.delivery.inFlightBytes(), 0);
  });
});

describe('the memory for bodies of attempts', () => {
  it('is not filled by a receiver that hangs: what finds no room stays due, and another destination has its own', async () => {
    const slow = await receive();
    const fast = await receive();
    slow.always({ hang: true });
    const bodyBytes = 10_000;
    const budget = 100_000;
    const busy = await run({
      bodyBudgetBytes: budget,
      destinations: [
        destinationConfig({ name: 'slow', url: slow.url, concurrency: 100, timeoutMs: 60_000 }),
        destinationConfig({ name: 'fast', url: fast.url, concurrency: 100 }),
      ],
    });
    const bodies = (count: number) =>
      Array.from({ length: count }, () => sampleEvent({ body: Buffer.alloc(bodyBytes, 120) }));
    for (let batch = 0; batch < 5; batch += 1) await busy.store(bodies(10));
    await waitFor(() => fast.requests.length === 50, { what: 'all deliveries of the fast one' });
    const leased = await waitFor(async () => {
      const { rows } = await pool.query<{ state: string; count: number }>(
        "select state, count(*)::int as count from all_deliveries where destination = 'slow' group by state",
      );
      const count = Object.fromEntries(rows.map(row => [row.state, row.count]));
      assert.equal((count['due'] ?? 0) + (count['leased'] ?? 0), 50);
      return count['leased'] === slow.requests.length ? count['leased'] : null;
    });
    const atMost = budget / bodyBytes + 1; // and one body a destination
    assert.ok(leased >= 2 && leased <= atMost, `${leased} leased`);
    assert.ok(busy.delivery.inFlightBytes() <= budget + bodyBytes, `${busy.delivery.inFlightBytes()}`);
    await busy.stop(0);
    running = [];
    assert.equal(busy.delivery.inFlightBytes(), 0);
  });
});
