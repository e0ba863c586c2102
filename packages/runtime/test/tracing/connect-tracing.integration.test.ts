import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { describe, it } from 'node:test';
import { freePort } from '@ackline/testkit/free-port';
import { startOtlpReceiver } from '@ackline/testkit/otlp-receiver';
import { waitFor } from '@ackline/testkit/wait-for';
import { createMetrics } from '../../src/metrics.ts';
import { metricTable } from '../../src/metric-table.ts';
import { connectTracing, type Tracing } from '../../src/tracing/connect-tracing.ts';
import type { SpanRecord } from '../../src/tracing/span-recorder.ts';
import { newSpanId } from '../../src/tracing/trace-context.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const START = 1_795_372_800_000.25;

const span = (overrides: Partial<SpanRecord> = {}): SpanRecord => ({
  name: 'POST /webhook/telegram',
  kind: 'server',
  traceId: TRACE,
  spanId: newSpanId(),
  parentId: null,
  startMs: START,
  endMs: START + 12.5,
  attributes: {},
  ...overrides,
});

async function connect(url: string) {
  const registry = createMetrics({ service: 'test', processMetrics: false });
  const lines: unknown[] = [];
  const log = {
    info: (...line: unknown[]) => void lines.push(line),
    warn: (...line: unknown[]) => void lines.push(line),
  };
  const settings = { url: `${url}/v1/traces`, headers: { 'x-team': 'core' }, ratio: 1 };
  const tracing = await connectTracing(settings, { service: 'ackline-test', registry, log });
  assert.ok(tracing);
  const dropped = async () =>
    (await registry.getSingleMetric(metricTable.traceSpansDropped.name)?.get())?.values[0]?.value;
  return { tracing, dropped, lines };
}

const record = (tracing: Tracing, count: number) => {
  for (let n = 0; n < count; n += 1) tracing.record(span());
};

const loaded: string[] = [];
registerHooks({
  resolve(specifier, context, next) {
    if (specifier.startsWith('@opentelemetry/')) loaded.push(specifier);
    return next(specifier, context);
  },
});

describe('traces', () => {
  it('load nothing of OpenTelemetry where there is no endpoint', async () => {
    const registry = createMetrics({ service: 'test', processMetrics: false });
    const log = { info: () => undefined, warn: () => undefined };
    assert.equal(await connectTracing(null, { service: 'ackline-test', registry, log }), null);
    assert.deepEqual(loaded, []);
  });

  it('bring each span to the collector once, with all that it has', async () => {
    await using collector = await startOtlpReceiver();
    const { tracing, dropped } = await connect(collector.url);
    const link = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };
    const full = span({
      kind: 'client',
      parentId: 'c'.repeat(16),
      attributes: { text: 'ü', whole: 3, part: 0.5, yes: true },
      links: [link],
      events: [{ name: 'verify', atMs: START + 1 }],
      isError: true,
    });
    tracing.record(full);
    record(tracing, 999);
    await tracing.close();
    const spans = collector.spans();
    assert.equal(spans.length, 1_000);
    assert.equal(new Set(spans.map(({ spanId }) => spanId)).size, 1_000);
    assert.equal(await dropped(), 0);
    assert.deepEqual(
      spans.find(({ spanId }) => spanId === full.spanId),
      {
        service: 'ackline-test',
        traceId: TRACE,
        spanId: full.spanId,
        parentId: full.parentId,
        name: full.name,
        kind: 'client',
        startMs: START,
        endMs: START + 12.5,
        attributes: full.attributes,
        events: ['verify'],
        links: [link],
        isError: true,
      },
    );
    assert.ok(loaded.length > 0);
    assert.deepEqual(
      collector.http.requests[0]?.rawHeaders.find(([name]) => name === 'x-team'),
      ['x-team', 'core'],
    );
  });

  it('are lost and counted while the collector is away, and nothing else happens', async () => {
    const { tracing, dropped, lines } = await connect(`http://127.0.0.1:${await freePort()}`);
    record(tracing, 3_000);
    await waitFor(async () => (await dropped()) !== 0);
    await tracing.close();
    assert.equal(await dropped(), 3_000);
    assert.ok(lines.length <= 1, 'it says so once');
  });

  it('are lost and counted while the collector hangs, and come again once it answers', async () => {
    await using collector = await startOtlpReceiver();
    collector.http.always({ hang: true });
    const { tracing, dropped, lines } = await connect(collector.url);
    record(tracing, 3_000);
    assert.equal(await dropped(), 3_000 - 2_048 - 128, 'what waits is bounded');
    await waitFor(() => lines.length === 1);
    collector.http.always({ status: 200 });
    await waitFor(() => lines.length === 2);
    const last = span();
    await waitFor(() => collector.spans().length >= 2_048 + 128, { what: 'what had waited' });
    tracing.record(last);
    await tracing.close();
    assert.ok(collector.spans().some(({ spanId }) => spanId === last.spanId));
  });
});
