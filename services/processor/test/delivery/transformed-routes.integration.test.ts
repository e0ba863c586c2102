import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { DestinationConfig, HttpDestinationConfig, RouteConfig } from '@ackline/shared/config/types';
import { replayEdited } from '@ackline/store/delivery-edits';
import { listParked, type ParkedDelivery } from '@ackline/store/parked';
import { replayDelivery } from '@ackline/store/replay-delivery';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { type FakeReceiver, type ReceivedRequest, startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { Webhook } from 'standardwebhooks';
import { destinationConfig, routeConfig } from '../configs.ts';
import { openPool, sampleEvent } from '../events.ts';
import { type RunningDelivery, runDelivery } from './running-delivery.ts';

const SECRET = `whsec_${Buffer.from('a signing key of thirty-two bytes').toString('base64')}`;
const ENDLESS = '($f := function($n){ $f($n + 1) }; $f(0))';

const route = (name: string, jsonata: string | null, overrides: Partial<RouteConfig> = {}): RouteConfig =>
  routeConfig({
    name,
    transform: jsonata === null ? null : { jsonata, timeoutMs: 2_000 },
    ...overrides,
  });
const numbered = (n: number) => sampleEvent({ body: Buffer.from(`{"n":${n}}`), orderingKey: 'chat' });

describe('a route with a transform', { timeout: 120_000 }, () => {
  let database: TestDatabase;
  let pool: Pool;
  let receiver: FakeReceiver;
  let running: RunningDelivery[] = [];
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  beforeEach(async () => {
    await pool.query(
      'truncate event_keys, events, deliveries, finished_deliveries, paused_destinations, processors',
    );
    receiver = await startFakeReceiver();
  });
  afterEach(async () => {
    for (const one of running) await one.stop(0);
    running = [];
    await receiver.close();
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  async function start(routes: readonly RouteConfig[], destinations: readonly DestinationConfig[]) {
    const started = await runDelivery({ pool, routes, destinations, env: { SIGNING: SECRET } });
    running.push(started);
    return started;
  }
  const to = (overrides: Partial<HttpDestinationConfig> = {}) =>
    destinationConfig({ url: `${receiver.url}/`, ...overrides });
  const parked = (): Promise<readonly ParkedDelivery[]> => listParked(pool, { limit: 100 });
  const received = (count: number) =>
    waitFor(() => Promise.resolve(receiver.requests.length >= count), {
      what: `${count} requests`,
      timeoutMs: 30_000,
    });
  const named = ({ rawHeaders }: ReceivedRequest) =>
    Object.fromEntries(rawHeaders.map(([name, value]) => [name.toLowerCase(), value]));

  it('sends what its expression makes, signed as it is sent, with headers that fit it', async () => {
    const { store } = await start(
      [route('r', '{"total": $sum(body.items), "by": headers.`x-by`}')],
      [to({ signingSecret: { env: 'SIGNING' } })],
    );
    const headers = [
      ['Content-Type', 'application/json; charset=utf-8'],
      ['X-By', 'anna'],
      ['Digest', 'sha-256=abc'],
    ] as const;
    receiver.script({ status: 500 });
    await store([sampleEvent({ headers, body: Buffer.from('{"items":[1,2,3]}') })]);
    await received(2); // the second from the store, by a claim
    for (const request of receiver.requests) {
      assert.equal(request.body.toString(), '{"total":6,"by":"anna"}');
      const sent = named(request);
      assert.deepEqual(
        [sent['content-type'], sent['x-by'], sent['digest'], sent['ackline-transformed']],
        ['application/json', 'anna', undefined, 'true'],
      );
      assert.equal(request.rawHeaders.filter(([name]) => name.toLowerCase() === 'content-type').length, 1);
      assert.deepEqual(new Webhook(SECRET).verify(request.body.toString(), sent), { total: 6, by: 'anna' });
    }
    const { rows } = await pool.query<{ body: Buffer }>('select body from events');
    assert.match(String(rows[0]?.body), /\{"items":\[1,2,3\]\}/); // what came in is what is kept
  });

  it('parks what its expression fails at, or finds nothing in, says why, and goes on with the key', async () => {
    const { store } = await start(
      [route('r', 'body.n = 1 ? "a" + 1 : body.n = 2 ? body.nothing : body')],
      [to({ ordering: 'key', breaker: { failures: 1, resetMs: 60_000, slowStartMs: 0 } })],
    );
    await store([1, 2, 3].map(numbered));
    await received(1); // its breaker would have opened with the first failure
    assert.equal(String(receiver.requests[0]?.body), '{"n":3}');
    const found = (await parked()).toSorted((a, b) => a.parkedAt.getTime() - b.parkedAt.getTime());
    assert.deepEqual(
      found.map(({ reason, cause, tries, lastAttempt }) => [reason, cause, tries, lastAttempt?.excerpt]),
      [
        ['untransformable', 'crm transform-error', 1, 'T2001 at line 1, column 18, near "+"'],
        ['untransformable', 'crm transform-empty', 1, null],
      ],
    );
  });

  it('sends on the connections that its attempt began with, though a reload retires them while the body is made', async () => {
    const { store, delivery } = await start([route('r', '{"id": body.n}')], [to()]);
    await using other = await startFakeReceiver();
    await store([numbered(1)]);
    assert.equal(delivery.inFlight(), 1); // its expression waits for a process that starts
    assert.equal(receiver.requests.length, 0);
    delivery.reconfigure(new Map([['crm', to({ url: `${other.url}/` })]]));
    await waitFor(() => delivery.inFlight() === 0, { timeoutMs: 30_000 });
    assert.deepEqual([receiver.requests.length, other.requests.length], [1, 0]);
    await store([numbered(2)]);
    await waitFor(() => other.requests.length === 1, { timeoutMs: 30_000 });
  });

  it('sends a parked one by the expression that the file has when it is replayed', async () => {
    const wrong = await start([route('r', '"a" + 1')], [to()]);
    await wrong.store([numbered(1)]);
    await waitFor(async () => (await parked()).length === 1);
    await wrong.stop();
    const { delivery } = await start([route('r', '{"id": body.n}')], [to()]);
    await replayDelivery(pool, (await parked())[0]?.id ?? '', 'anna');
    delivery.dispatcher.wake();
    await received(1);
    assert.equal(String(receiver.requests[0]?.body), '{"id":1}');
  });

  it('makes the body that a person sends instead of what came, and says both', async () => {
    const { store, delivery } = await start([route('r', '{"id": $number(body.n)}')], [to()]);
    await store([sampleEvent({ body: Buffer.from('{"n":"seven"}') })]);
    await waitFor(async () => (await parked()).length === 1);
    const body = Buffer.from('{"n":"7"}');
    const edit = { actor: 'anna', edit: { keyId: 'none', body }, body };
    await replayEdited(pool, (await parked())[0]?.id ?? '', edit);
    delivery.dispatcher.wake();
    await received(1);
    const [request] = receiver.requests;
    assert.ok(request);
    assert.equal(String(request.body), '{"id":7}');
    const { 'ackline-edited': edited, 'ackline-transformed': transformed } = named(request);
    assert.deepEqual([edited, transformed], ['1', 'true']);
  });

  it('holds up no other route with an expression that never ends, and the processor lives', async () => {
    const bad = route('bad', ENDLESS, { destination: 'bad' });
    const endless = { ...bad, transform: { jsonata: ENDLESS, timeoutMs: 300 } };
    const { store } = await start(
      [
        endless,
        route('good', '{"good": body.n}', { destination: 'good' }),
        route('plain', null, { destination: 'good' }),
      ],
      [to({ name: 'bad' }), to({ name: 'good' })],
    );
    await store(Array.from({ length: 10 }, (_, n) => numbered(n)));
    await received(20);
    assert.ok((await parked()).length < 10, 'the bad ones were done before the good ones');
    await waitFor(async () => (await parked()).length === 10, { what: 'the bad ones', timeoutMs: 30_000 });
    assert.deepEqual(new Set((await parked()).map(({ cause }) => cause)), new Set(['bad transform-timeout']));
    assert.deepEqual(
      receiver.requests.map(({ body }) => String(body)).toSorted(),
      Array.from({ length: 10 }, (_, n) => [`{"good":${n}}`, `{"n":${n}}`])
        .flat()
        .toSorted(),
    );
  });

  it('parks what ends its process by its memory once it has ended two, and the first costs no try', async () => {
    const { store } = await start([route('r', '$length($pad("x", 500000000))')], [to()]);
    await store([numbered(1)]);
    await waitFor(async () => (await parked()).length === 1, { what: 'the parked one', timeoutMs: 30_000 });
    const [found] = await parked();
    assert.deepEqual([found?.cause, found?.tries], ['crm transform-memory', 1]);
    const { rows } = await pool.query<{ errors: string }>(
      "select jsonb_path_query_array(attempts, '$[*].error')::text as errors from deliveries",
    );
    assert.equal(rows[0]?.errors, '["transform-killed", "transform-memory"]');
  });

  it('that is no longer in the file parks its deliveries, and one without a transform sends them as they came', async () => {
    const first = await start(
      [route('old', '{"old": 1}', { destination: 'plain' }), route('old-plain', null)],
      [
        to({ retry: { scheduleMs: [1_000], jitter: 'none' } }),
        to({ name: 'plain', retry: { scheduleMs: [1_000], jitter: 'none' } }),
      ],
    );
    receiver.script({ status: 500 }, { status: 500 });
    await first.store([numbered(1)]);
    await received(2);
    await first.stop();
    receiver.clear();
    // Others of the file are the wrong way round: only the rows say which body is wanted.
    await start(
      [route('new', '{"new": 1}'), route('new-plain', null, { destination: 'plain' })],
      [to(), to({ name: 'plain' })],
    );
    await received(1);
    await waitFor(async () => (await parked()).length === 1, { what: 'the parked one', timeoutMs: 30_000 });
    assert.deepEqual((await parked())[0]?.cause, 'plain transform-gone');
    assert.deepEqual(
      receiver.requests.map(({ body }) => String(body)),
      ['{"n":1}'],
    );
  });
});
