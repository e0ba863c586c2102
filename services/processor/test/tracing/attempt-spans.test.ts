import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SpanRecord } from '@ackline/runtime/tracing/span-recorder';
import type { DestinationConfig } from '@ackline/shared/config/types';
import type { LeasedDelivery } from '../../src/delivery/attempting/attempt.ts';
import type { AttemptResult, Outcome } from '../../src/delivery/outcomes/outcome.ts';
import { createAttemptTraces } from '../../src/tracing/attempt-spans.ts';
import { destinationConfig, handlerConfig, topicConfig } from '../configs.ts';
import { sampleEvent } from '../events.ts';

function spansOf(
  { outcome, result }: { outcome: Outcome; result: AttemptResult },
  {
    config = destinationConfig(),
    flags = '00',
    before = {},
  }: {
    config?: DestinationConfig;
    flags?: '00' | '01';
    before?: Pick<LeasedDelivery, 'lastAt' | 'hasFailed'>;
  } = {},
): readonly SpanRecord[] {
  const spans: SpanRecord[] = [];
  const { body, ...meta } = sampleEvent({ traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-${flags}` });
  const place = {
    leaseId: 'lease',
    tries: 0,
    replay: false,
    followed: false,
    waitedMs: 0,
    transforms: false,
    ...before,
  };
  const delivery: LeasedDelivery = { id: 'delivery', eventId: meta.id, route: 'all', ...place, meta, body };
  const traces = createAttemptTraces(span => void spans.push(span));
  const trace = traces.begin(delivery);
  assert.ok(trace);
  const finished = { delivery, result, outcome, startedAt: new Date(), ms: 3, onPark: 'continue' } as const;
  traces.ended({ delivery, config, finished }, trace);
  return spans;
}

const aborted: AttemptResult = { kind: 'error', errorClass: 'aborted' };
const answered = (status: number): AttemptResult => ({
  kind: 'response',
  status,
  retryAfterMs: null,
  excerpt: 'canary',
});

describe('the span of an attempt', () => {
  it('is that of a producer where the destination is a topic', () => {
    const ended = { outcome: { kind: 'delivered' }, result: { kind: 'acked' } } as const;
    const [span] = spansOf(ended, { config: topicConfig(), flags: '01' });
    assert.deepEqual([span?.name, span?.kind, span?.isError], ['send orders', 'producer', false]);
    assert.equal(span?.attributes['messaging.destination.name'], 'orders');
  });

  it('is one of the process itself where the destination is a handler, with its module', () => {
    const ended = { outcome: { kind: 'delivered' }, result: { kind: 'acked' } } as const;
    const [span] = spansOf(ended, { config: handlerConfig(), flags: '01' });
    assert.deepEqual([span?.name, span?.kind, span?.isError], ['handle bot', 'internal', false]);
    assert.equal(span?.attributes['code.file.path'], './bot.ts');
    assert.equal(span?.attributes['http.request.method'], undefined);
  });

  it('has the port that a URL does not say', () => {
    const ended = { outcome: { kind: 'delivered' }, result: answered(200) } as const;
    const urls = ['https://crm.example.com/a', 'http://crm.example.com/', 'http://[::1]:81/'];
    const ports = urls.map(
      url =>
        spansOf(ended, { config: destinationConfig({ url }), flags: '01' })[0]?.attributes['server.port'],
    );
    assert.deepEqual(ports, [443, 80, 81]);
  });

  it('is recorded at any sampling where it was sent after one that failed, and not after holds alone', () => {
    const busy: AttemptResult = { kind: 'error', errorClass: 'transform-busy' };
    const ends: readonly (readonly [Outcome, AttemptResult])[] = [
      [{ kind: 'delivered' }, answered(200)],
      [{ kind: 'hold', reason: 'busy' }, busy],
      [
        { kind: 'hold', reason: 'late' },
        { kind: 'error', errorClass: 'transform-late' },
      ],
    ];
    const after = (hasFailed: boolean, flags: '00' | '01' = '00') =>
      ends.map(
        ([outcome, result]) =>
          spansOf({ outcome, result }, { flags, before: { lastAt: '2026-11-28T10:00:00.000Z', hasFailed } })
            .length,
      );
    assert.deepEqual(
      [after(false), after(true), after(false, '01')],
      [
        [0, 0, 0],
        [1, 0, 0],
        [1, 1, 1],
      ],
    );
  });

  it('is recorded at any sampling where it failed, and not where it was held for our own sake', () => {
    const ends: readonly (readonly [Outcome, AttemptResult, boolean])[] = [
      [{ kind: 'delivered' }, answered(200), false],
      [{ kind: 'retry', afterMs: 1 }, answered(500), true],
      [{ kind: 'park', reason: 'exhausted' }, answered(500), true],
      [{ kind: 'hold', reason: 'gone' }, answered(410), true],
      [{ kind: 'hold', reason: 'draining' }, aborted, false],
      [{ kind: 'hold', reason: 'busy' }, { kind: 'error', errorClass: 'transform-busy' }, false],
    ];
    for (const [outcome, result, isRecorded] of ends) {
      const spans = spansOf({ outcome, result });
      assert.deepEqual(
        spans.map(({ isError }) => isError),
        isRecorded ? [true] : [],
        JSON.stringify(outcome),
      );
      assert.doesNotMatch(JSON.stringify(spans), /canary/);
    }
  });
});
