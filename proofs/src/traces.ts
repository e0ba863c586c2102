import assert from 'node:assert/strict';
import { type FakeReceiver, startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { type OtlpReceiver, startOtlpReceiver } from '@ackline/testkit/otlp-receiver';
import type { OtlpSpan } from '@ackline/testkit/otlp-spans';
import { waitFor } from '@ackline/testkit/wait-for';
import { ownSamples, type Sample } from './bytes.ts';
import { startCollector } from './collector.ts';
import { sendRaw } from './raw-request.ts';
import { createSystem, RESPONDIO_KEY, type System, TOKEN, TWILIO_AUTH_TOKEN } from './system.ts';

export interface TracedJourney {
  readonly webhooks: number;
  /** Attempts that failed and had another one behind them. */
  readonly retries: number;
  /** What the spans went through. */
  readonly collector: string;
}

export interface TraceJourneyOptions {
  readonly databaseUrl: string;
  readonly brokers: string | null;
  /** OpenTelemetry's Collector takes the spans, and hands them on to where they are decoded. */
  readonly throughCollector?: boolean;
}

/** The samples of `ackline send` have these. */
const PERSONAL = /\+?1555\d{4,}|\+?601\d{6,}/;
const WAIT = { timeoutMs: 30_000 };

/**
 * Sends one webhook of each provider to a destination that fails until another processor has taken over, and follows each from
 * the request to its last attempt by what a collector got. Throws where an edge is missing, or two trace ids are in one of them.
 */
export async function traceJourney(options: TraceJourneyOptions): Promise<TracedJourney> {
  await using stack = new AsyncDisposableStack();
  await using receiver = await startFakeReceiver();
  await using collector = await startOtlpReceiver();
  const between = options.throughCollector === true ? stack.use(await startCollector(collector.url)) : null;
  const endpoint = between?.url ?? collector.url;
  await using system = await createSystem({
    ...options,
    receiverUrl: `${receiver.url}/in?token=${TOKEN}`,
    envOf: () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_TRACES_SAMPLER_ARG: '1' }),
  });
  const samples = ownSamples();
  await sendAll(system, receiver, samples);
  const spans = await waitForSpans(collector, samples.length);
  const tier = options.brokers === null ? 'inbox' : 'kafka';
  const retries = samples.map(sample => followOne(sample, { spans, receiver, tier }));
  assert.equal(new Set(spans.filter(isRequest).map(({ traceId }) => traceId)).size, samples.length);
  const text = JSON.stringify(spans);
  for (const secret of [TOKEN, TWILIO_AUTH_TOKEN, RESPONDIO_KEY]) assert.ok(!text.includes(secret));
  assert.doesNotMatch(text, PERSONAL);
  return {
    webhooks: samples.length,
    retries: retries.reduce((sum, count) => sum + count, 0),
    collector: between?.version ?? 'a receiver that decodes them',
  };
}

async function sendAll(system: System, receiver: FakeReceiver, samples: readonly Sample[]): Promise<void> {
  receiver.always({ status: 503 });
  await system.startIngress();
  const first = await system.startProcessor();
  for (const sample of samples) {
    const headers = [['Host', 'hooks.example.com'], ...sample.headers] as const;
    const answer = await sendRaw({ url: `${system.baseUrl}${sample.path}`, headers, body: sample.body });
    assert.equal(answer.status, 200, `${sample.name}: ${answer.body}`);
  }
  await waitFor(() => samples.every(sample => requestsOf(sample, receiver).length > 0), WAIT);
  await first.stop();
  receiver.always({ status: 200 });
  await system.startProcessor();
}

const isRequest = ({ kind }: OtlpSpan) => kind === 'server';
const isAttempt = ({ kind, name }: OtlpSpan) => kind === 'client' && name === 'POST';

function waitForSpans(collector: OtlpReceiver, webhooks: number): Promise<readonly OtlpSpan[]> {
  return waitFor(
    () => {
      const spans = collector.spans();
      const ends = spans.filter(span => span.attributes['ackline.outcome'] === 'delivered');
      return ends.length === webhooks && spans.filter(isRequest).length === webhooks && spans;
    },
    { ...WAIT, what: `the last attempts of ${webhooks} webhooks` },
  );
}

interface Seen {
  readonly spans: readonly OtlpSpan[];
  readonly receiver: FakeReceiver;
  readonly tier: 'inbox' | 'kafka';
}

/** Returns how often it was tried again. */
function followOne(sample: Sample, { spans, receiver, tier }: Seen): number {
  const request = only(spans.filter(span => isRequest(span) && span.name === `POST ${sample.path}`));
  assert.deepEqual([request.service, request.parentId], ['ackline-ingress', '']);
  const inTrace = spans.filter(({ traceId }) => traceId === request.traceId);
  const below = ({ spanId }: OtlpSpan) => inTrace.filter(({ parentId }) => parentId === spanId);

  const append = only(below(request));
  assert.deepEqual(
    [append.name, append.kind],
    [tier === 'kafka' ? 'send ackline.events.v1' : 'append inbox', 'producer'],
  );
  const stored = only(below(append));
  assert.deepEqual(
    [stored.name, stored.kind, stored.service],
    [`process ${tier === 'kafka' ? 'ackline.events.v1' : 'inbox'}`, 'consumer', 'ackline-processor'],
  );
  assertBatch(stored, append, spans);

  const attempts = below(stored).toSorted((a, b) => a.startMs - b.startMs);
  assert.ok(
    attempts.length >= 2 && attempts.every(isAttempt),
    `${attempts.length} attempts of ${sample.name}`,
  );
  for (const [n, attempt] of attempts.entries()) {
    const before = attempts[n - 1];
    const links = before === undefined ? [] : [{ traceId: before.traceId, spanId: before.spanId }];
    assert.deepEqual(attempt.links, links, `attempt ${n + 1} of ${sample.name}`);
  }
  // A processor that ends gives back what it had only just begun: such an attempt holds, and need not have been sent.
  const made = attempts.filter(attempt => !isHeld(attempt));
  assert.deepEqual(
    made.map(({ attributes }) => attributes['http.response.status_code']),
    made.map((_, n) => (n === made.length - 1 ? 200 : 503)),
  );
  const givenBack = new Set(attempts.filter(isHeld).map(traceparentOf));
  assert.deepEqual(
    requestsOf(sample, receiver)
      .map(({ rawHeaders }) => rawHeaders.find(([name]) => name === 'traceparent')?.[1] ?? '')
      .filter(traceparent => !givenBack.has(traceparent)),
    made.map(traceparentOf),
  );
  assert.equal(inTrace.length, 3 + attempts.length, 'no span that nobody knows');
  return made.length - 1;
}

const isHeld = ({ attributes }: OtlpSpan) => attributes['ackline.outcome'] === 'hold';
const traceparentOf = ({ traceId, spanId }: OtlpSpan) => `00-${traceId}-${spanId}-01`;

/** The storing of an event links to its batch, in another trace, and the batch to the event's append. */
function assertBatch(stored: OtlpSpan, append: OtlpSpan, spans: readonly OtlpSpan[]): void {
  const batch = only(spans.filter(({ spanId }) => spanId === stored.links[0]?.spanId));
  assert.equal(batch.name, 'process batch');
  assert.notEqual(batch.traceId, stored.traceId);
  assert.ok(batch.links.some(({ spanId }) => spanId === append.spanId));
  const transaction = only(spans.filter(({ parentId }) => parentId === batch.spanId));
  assert.deepEqual(
    [transaction.name, transaction.attributes['db.system.name']],
    ['transaction', 'postgresql'],
  );
}

function requestsOf(sample: Sample, receiver: FakeReceiver) {
  return receiver.requests.filter(({ body }) => body.equals(sample.body));
}

function only(spans: readonly OtlpSpan[]): OtlpSpan {
  const [span, ...others] = spans;
  assert.ok(span !== undefined && others.length === 0, `one span, not ${JSON.stringify(spans)}`);
  return span;
}
