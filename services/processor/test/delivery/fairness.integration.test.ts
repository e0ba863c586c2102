import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { EventEnvelope } from '@ackline/shared/envelope';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { type FakeReceiver, startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { destinationConfig, routeConfig, sourceConfig } from '../configs.ts';
import { openPool, sampleEvent } from '../events.ts';
import { type RunningDelivery, type RunningOptions, runDelivery } from './running-delivery.ts';

const SOURCES = [
  sourceConfig({ name: 'of-a', tenant: 'a' }),
  sourceConfig({ name: 'of-b', tenant: 'b', path: '/webhook/b' }),
];

describe('fair turns at one destination', () => {
  let database: TestDatabase;
  let pool: Pool;
  let receiver: FakeReceiver;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  beforeEach(async () => {
    await pool.query('truncate event_keys, events, deliveries, finished_deliveries');
    receiver = await startFakeReceiver();
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  async function scene(
    options: Partial<RunningOptions> & { readonly concurrency: number },
    play: (scene: RunningDelivery) => Promise<void>,
  ): Promise<void> {
    const { concurrency, ...others } = options;
    const destination = destinationConfig({ url: receiver.url, concurrency, timeoutMs: 60_000 });
    const running = await runDelivery({ pool, sources: SOURCES, destinations: [destination], ...others });
    try {
      await play(running);
    } finally {
      await running.stop(0);
      await receiver.close();
    }
  }
  const eventsOf = (tenant: string, count: number): EventEnvelope[] =>
    Array.from({ length: count }, () =>
      sampleEvent({ source: `of-${tenant}`, tenant, body: Buffer.from(tenant) }),
    );
  const bodies = () => receiver.requests.map(({ body }) => body.toString());
  const requestsOf = (tenant: string) => bodies().filter(body => body === tenant).length;
  const untilRequestsOf = (tenant: string, count: number) =>
    waitFor(() => requestsOf(tenant) >= count, { what: `${count} requests of ${tenant}` });
  const untilDelivered = (count: number) =>
    waitFor(
      async () => {
        const { rows } = await pool.query<{ n: number }>(
          "select count(*)::int as n from finished_deliveries where state = 'delivered'",
        );
        return rows[0]?.n === count;
      },
      { what: `${count} delivered` },
    );

  for (const { weight, most } of [
    { weight: 1, most: 20 },
    { weight: 4, most: 5 },
  ]) {
    it(`a tenant of weight ${weight} waits for no more than its turns while another floods`, async () => {
      receiver.always({ status: 200, delayMs: 2 });
      await scene({ concurrency: 4, tenants: [{ name: 'b', weight }] }, async ({ store }) => {
        await store(eventsOf('a', 800));
        await untilRequestsOf('a', 20);
        await store(eventsOf('b', 20));
        const before = receiver.requests.length;
        await untilRequestsOf('b', 20);
        const since = bodies().slice(before);
        const ofA = since.slice(0, since.lastIndexOf('b')).filter(body => body === 'a').length;
        // What was in flight or claimed as b came, and what one more round asks for, may still be of a.
        assert.ok(ofA <= most + 12, `${ofA} requests of a before the last one of b`);
        assert.ok(requestsOf('a') < 800, 'the flood goes on');
        await untilDelivered(820); // and nothing is left behind
      });
    });
  }

  it('a tenant whose requests hang leaves slots to another', async () => {
    receiver.always(({ body }) => (body.toString() === 'a' ? { hang: true } : { status: 200 }));
    await scene({ concurrency: 5 }, async ({ store, delivery }) => {
      await store(eventsOf('a', 50));
      await untilRequestsOf('a', 4);
      await store(eventsOf('b', 20));
      await untilDelivered(20);
      assert.equal(requestsOf('a'), 4);
      assert.equal(delivery.inFlight(), 4);
    });
  });

  it('high priority goes before normal, of which one goes after each four', async () => {
    const urgent = sourceConfig({ name: 'urgent', tenant: 'a', path: '/webhook/urgent' });
    const routes = [
      routeConfig({ name: 'high', match: { ...routeConfig().match, source: 'urgent' }, priority: 'high' }),
      routeConfig({ name: 'others', match: { ...routeConfig().match, source: 'of-a' } }),
    ];
    await scene({ concurrency: 1, sources: [...SOURCES, urgent], routes }, async ({ store, delivery }) => {
      const { pause } = delivery.destinations.get('crm')!;
      pause.learn(true, pause.mark());
      await store(eventsOf('a', 20));
      await store(
        Array.from({ length: 20 }, () =>
          sampleEvent({ source: 'urgent', tenant: 'a', body: Buffer.from('high') }),
        ),
      );
      pause.learn(false, pause.mark());
      delivery.dispatcher.wake();
      await untilDelivered(40);
      const round = ['high', 'high', 'high', 'high', 'a'];
      assert.deepEqual(bodies(), [
        ...Array.from({ length: 5 }, () => round).flat(),
        ...Array.from({ length: 15 }, () => 'a'),
      ]);
    });
  });

  it('what is stored later goes out later, while something is due', async () => {
    receiver.always({ status: 200, delayMs: 1 });
    await scene({ concurrency: 1, sources: SOURCES.slice(0, 1) }, async ({ store }) => {
      const names = Array.from({ length: 100 }, (_, n) => `event ${n}`);
      const events = names.map(name => sampleEvent({ source: 'of-a', body: Buffer.from(name) }));
      await store(events.slice(0, 10));
      for (const event of events.slice(10)) await store([event]); // while slots come free, again and again
      await untilDelivered(100);
      assert.deepEqual(bodies(), names);
    });
  });
});
