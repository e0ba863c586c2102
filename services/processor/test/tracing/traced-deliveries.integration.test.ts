import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { createLogger } from '@ackline/runtime/logger';
import type { SpanRecord } from '@ackline/runtime/tracing/span-recorder';
import { newTraceId } from '@ackline/runtime/tracing/trace-context';
import type { HttpDestinationConfig, RouteConfig } from '@ackline/shared/config/types';
import type { EventEnvelope } from '@ackline/shared/envelope';
import { sweepExpiredLeases } from '@ackline/store/expired-leases';
import { replayDelivery } from '@ackline/store/replay-delivery';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { type FakeReceiver, type ReceivedRequest, startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { storeSpanId } from '../../src/tracing/attempt-trace.ts';
import { destinationConfig, routeConfig } from '../configs.ts';
import { type RunningDelivery, runDelivery } from '../delivery/running-delivery.ts';
import { openPool, sampleEvent } from '../events.ts';

const APPEND = 'b7ad6b7169203331';

const traced = (flags: '00' | '01', overrides: Partial<EventEnvelope> = {}) => {
  const traceId = newTraceId();
  return { traceId, event: sampleEvent({ traceparent: `00-${traceId}-${APPEND}-${flags}`, ...overrides }) };
};

describe('the spans of an event on its way to a destination', { timeout: 120_000 }, () => {
  let database: TestDatabase;
  let pool: Pool;
  let receiver: FakeReceiver;
  let running: RunningDelivery[] = [];
  let spans: SpanRecord[] = [];
  let lines: Record<string, unknown>[] = [];
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  beforeEach(async () => {
    await pool.query('truncate event_keys, events, deliveries, finished_deliveries, processors');
    receiver = await startFakeReceiver();
    spans = [];
    lines = [];
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

  async function start(config: Partial<HttpDestinationConfig> = {}, route: Partial<RouteConfig> = {}) {
    const started = await runDelivery({
      pool,
      routes: [routeConfig(route)],
      destinations: [destinationConfig({ url: `${receiver.url}/hook/secret?token=canary`, ...config })],
      tracing: { record: span => void spans.push(span) },
      log: createLogger({
        service: 'processor',
        level: 'info',
        destination: { write: line => void lines.push(JSON.parse(line) as Record<string, unknown>) },
      }),
    });
    running.push(started);
    return started;
  }
  const of = (kind: SpanRecord['kind']) =>
    spans.filter(span => span.kind === kind && span.name !== 'transaction');
  const attempts = (count: number) =>
    waitFor(() => of('client').length >= count && of('client'), { what: `${count} attempts` });
  const headersOf = ({ rawHeaders }: ReceivedRequest) =>
    new Map(rawHeaders.map(([name, value]) => [name.toLowerCase(), value]));
  /** Of the span that a destination was told to be its parent. */
  const told = (n: number, name = 'traceparent') => {
    const request = receiver.requests[n];
    return request && headersOf(request).get(name);
  };
  const linkOf = (span: SpanRecord | undefined) => span?.links?.map(({ spanId }) => spanId) ?? [];

  /** Its storing is below its append, and links to its batch, which is another trace. Returns the storing's id. */
  function assertStored(event: EventEnvelope, traceId: string): string {
    const [batch, process] = of('consumer');
    assert.deepEqual(
      [process?.name, process?.traceId, process?.spanId, process?.parentId],
      ['process ackline.events.v1', traceId, storeSpanId(event.id), APPEND],
    );
    assert.deepEqual(linkOf(process), [batch?.spanId]);
    assert.deepEqual(linkOf(batch), [APPEND]);
    assert.notEqual(batch?.traceId, traceId);
    const transaction = spans.find(({ name }) => name === 'transaction');
    assert.deepEqual([transaction?.parentId, transaction?.traceId], [batch?.spanId, batch?.traceId]);
    return storeSpanId(event.id);
  }

  it('lead from its append over its storing to each attempt, and each attempt links to the one before it', async () => {
    receiver.script({ status: 503 }, { reset: true });
    const { store } = await start();
    const { traceId, event } = traced('01');
    await store([event]);
    const [first, second, third] = await attempts(3);
    assert.ok(first && second && third);
    const process = assertStored(event, traceId);
    for (const [n, attempt] of [first, second, third].entries()) {
      assert.deepEqual([attempt.traceId, attempt.parentId], [traceId, process]);
      assert.equal(told(n), `00-${traceId}-${attempt.spanId}-01`);
    }
    assert.deepEqual([first, second, third].map(linkOf), [[], [first.spanId], [second.spanId]]);
    assert.deepEqual(
      [first, second, third].map(({ isError, attributes }) => [
        isError,
        attributes['http.response.status_code'],
        attributes['error.type'],
        attributes['ackline.outcome'],
        attributes['http.request.resend_count'],
      ]),
      [
        [true, 503, '503', 'retry', undefined],
        [true, undefined, 'reset', 'retry', 1],
        [false, 200, undefined, 'delivered', 2],
      ],
    );
    assert.doesNotMatch(JSON.stringify(spans), /canary|secret/);
    const logged = () => lines.filter(({ event: name }) => name === 'delivery.attempted');
    await waitFor(() => logged().length === 3);
    assert.ok(logged().every(line => line['traceId'] === traceId));
  });

  it('go on where a replay sends it again, and where one that was sent is interrupted', async () => {
    // Of 20 slots replays have two: the one that hangs keeps its own.
    const { store } = await start({ concurrency: 20, retry: { scheduleMs: [], jitter: 'none' } });
    receiver.script({ status: 500 }, { hang: true });
    const { traceId, event } = traced('01');
    await store([event]);
    const [parked] = await attempts(1);
    const id = String(parked?.attributes['ackline.delivery.id']);
    await waitFor(async () => (await replayDelivery(pool, id, 'test')).kind === 'replayed');
    await waitFor(() => receiver.requests.length === 2);
    // Its process is gone, as far as the others know.
    await pool.query("update deliveries set lease_until = now() - interval '1 second'");
    assert.equal((await sweepExpiredLeases(pool, { block: [], continue: [] })).interrupted, 1);
    const [, last] = await attempts(2);
    const [, , interruptedId] = (told(1) ?? '').split('-');
    assert.ok(interruptedId);
    assert.deepEqual([last?.traceId, last?.attributes['ackline.outcome']], [traceId, 'delivered']);
    assert.deepEqual(linkOf(last), [interruptedId], 'by the id that its destination was told');
    assert.equal(told(2), `00-${traceId}-${last?.spanId}-01`);
    assert.equal(new Set([parked?.spanId, interruptedId, last?.spanId]).size, 3);
  });

  it('are those of failed attempts and of what came of them, where its trace is not sampled', async () => {
    const { store } = await start();
    const quiet = traced('00');
    await store([quiet.event]);
    await waitFor(() => receiver.requests.length === 1);
    assert.match(told(0) ?? '', new RegExp(`^00-${quiet.traceId}-[0-9a-f]{16}-00$`));
    receiver.script({ status: 500 });
    const failing = traced('00');
    await store([failing.event]);
    const seen = await attempts(2);
    assert.deepEqual(
      seen.map(({ traceId, isError }) => [traceId, isError]),
      [
        [failing.traceId, true],
        [failing.traceId, false],
      ],
    );
    assert.deepEqual(of('consumer'), []);
  });

  it('leave a traceparent that came with it as it came, and have their own name beside it', async () => {
    const { store } = await start();
    const theirs = `00-${newTraceId()}-${APPEND}-01`;
    const { event, traceId } = traced('01', { headers: [['traceparent', theirs]] });
    const withState = traced('01', { headers: [['TraceState', 'vendor=1']] });
    await store([event]);
    await store([withState.event]);
    await attempts(2);
    assert.equal(told(0), theirs);
    assert.match(told(0, 'ackline-traceparent') ?? '', new RegExp(`^00-${traceId}-`));
    assert.equal(told(1), undefined);
    assert.match(told(1, 'ackline-traceparent') ?? '', new RegExp(`^00-${withState.traceId}-`));
  });

  it('show the making of another body', async () => {
    const { store } = await start({}, { transform: { jsonata: '{"n": body.update_id}', timeoutMs: 5_000 } });
    await store([traced('01').event]);
    const [attempt] = await attempts(1);
    const [transform] = of('internal');
    assert.deepEqual(
      [transform?.name, transform?.parentId, transform?.isError],
      ['transform all', attempt?.spanId, false],
    );
    assert.ok((transform?.endMs ?? 0) <= (attempt?.endMs ?? 0) + 1);
  });

  it('end with a second copy of an event that is stored already', async () => {
    const { store } = await start();
    const { event } = traced('01', { dedupKey: 'once' });
    const again = traced('01', { dedupKey: 'once' });
    await store([event]);
    await store([again.event]);
    const ends = of('consumer').filter(({ name }) => name.startsWith('process ackline'));
    assert.deepEqual(
      ends.map(({ traceId, attributes }) => [traceId === again.traceId, attributes['ackline.result']]),
      [
        [false, 'stored'],
        [true, 'duplicate'],
      ],
    );
  });

  it('are none for an event without a trace, and its destination is sent none', async () => {
    const { store } = await start();
    await store([sampleEvent()]);
    await waitFor(() => receiver.requests.length === 1);
    await running.pop()?.stop();
    assert.deepEqual([told(0), spans.length], [undefined, 0]);
  });
});
