import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { CompiledWhere, RouteMatch } from '@ackline/shared/config/types';
import { compileFilter } from '@ackline/shared/routing/filter';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { type FakeReceiver, startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { routeUnrouted } from '../../src/late-routing.ts';
import { createRules } from '../../src/rules.ts';
import { destinationConfig, routeConfig, sourceConfig } from '../configs.ts';
import { lateDeps, openPool, sampleEvent } from '../events.ts';
import { runDelivery } from './running-delivery.ts';

function where(given: unknown): CompiledWhere {
  const compiled = compileFilter(given);
  assert.ok('filter' in compiled);
  return { given, test: compiled.filter };
}

const matching = (given: unknown): RouteMatch => ({
  source: null,
  type: null,
  tenant: null,
  where: where(given),
});

const jsonEvent = (source: string, body: string) => sampleEvent({ source, body: Buffer.from(body) });

describe('a route with a filter', () => {
  let database: TestDatabase;
  let pool: Pool;
  let receiver: FakeReceiver;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  beforeEach(async () => {
    await pool.query('truncate event_keys, events, deliveries, paused_destinations, processors');
    receiver = await startFakeReceiver();
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  it('delivers what its filter takes of JSON and of forms, and keeps the rest unmatched', async () => {
    const formHeaders = [['Content-Type', 'application/x-www-form-urlencoded']] as const;
    const events = [
      jsonEvent('telegram', '{"message":{"text":"/start"}}'),
      jsonEvent('telegram', '{"message":{"text":"hello"}}'),
      sampleEvent({ headers: formHeaders, body: Buffer.from('Body=hi&NumMedia=1') }),
      sampleEvent({ headers: formHeaders, body: Buffer.from('Body=hi&NumMedia=0') }),
      jsonEvent('telegram', 'no JSON'),
    ];
    const running = await runDelivery({
      pool,
      destinations: [destinationConfig({ url: receiver.url })],
      routes: [
        routeConfig({ name: 'commands', match: matching({ 'body.message.text': { $startsWith: '/' } }) }),
        routeConfig({ name: 'media', match: matching({ 'body.NumMedia': '1' }) }),
      ],
    });
    try {
      await running.store(events);
      await waitFor(() => receiver.requests.length === 2);
    } finally {
      await running.stop();
      await receiver.close();
    }
    assert.deepEqual(receiver.requests.map(request => request.body.toString()).toSorted(), [
      'Body=hi&NumMedia=1',
      '{"message":{"text":"/start"}}',
    ]);
    const stored = await pool.query<{ id: string; routing: string }>(
      'select id, routing from events order by seq',
    );
    assert.deepEqual(
      stored.rows,
      events.map(({ id }, n) => ({ id, routing: n === 0 || n === 2 ? 'routed' : 'unmatched' })),
    );
  });

  it('is asked with the body too, of events that were stored before their source was known', async () => {
    const events = [jsonEvent('new', '{"kind":"order"}'), jsonEvent('new', '{"kind":"visit"}')];
    const running = await runDelivery({ pool, destinations: [destinationConfig({ url: receiver.url })] });
    try {
      await running.store(events);
      const rules = createRules({
        tenants: [],
        sources: [sourceConfig({ name: 'new' })],
        routes: [routeConfig({ match: matching({ 'body.kind': 'order' }) })],
        destinations: [destinationConfig({ url: receiver.url })],
      });
      const taken = await routeUnrouted(lateDeps(pool, rules), 'new');
      assert.equal(taken, 2);
      running.delivery.dispatcher.wake();
      await waitFor(() => receiver.requests.length === 1);
    } finally {
      await running.stop();
      await receiver.close();
    }
    assert.deepEqual(
      receiver.requests.map(request => request.body.toString()),
      ['{"kind":"order"}'],
    );
    const stored = await pool.query<{ routing: string }>('select routing from events order by seq');
    assert.deepEqual(
      stored.rows.map(row => row.routing),
      ['routed', 'unmatched'],
    );
  });
});
