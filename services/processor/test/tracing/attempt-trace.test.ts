import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { attemptTrace, storeSpanId, type TracedDelivery } from '../../src/tracing/attempt-trace.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';

const delivery = (overrides: Partial<TracedDelivery> = {}): TracedDelivery => ({
  id: 'delivery',
  eventId: 'event',
  meta: { traceparent: `00-${TRACE}-b7ad6b7169203331-01` },
  ...overrides,
});

describe('the place of an attempt in its trace', () => {
  it('is below the storing of its event', () => {
    const trace = attemptTrace(delivery());
    assert.deepEqual(trace, {
      traceId: TRACE,
      isSampled: true,
      spanId: trace?.spanId,
      parentId: storeSpanId('event'),
      previousId: null,
      followsFailure: false,
      transformMs: null,
      handlerAttributes: null,
    });
  });

  it('is told by the attempts on record: each names the one before it, whoever made that', () => {
    const times = [
      null,
      '2026-11-28T10:00:00.000Z',
      '2026-11-28T10:00:00.123456+00:00',
      '2026-11-28T12:00:00.000Z',
    ];
    const traces = times.map((lastAt, n) =>
      attemptTrace(delivery({ lastAt, lastButOneAt: times[n - 1] ?? null })),
    );
    assert.equal(new Set(traces.map(trace => trace?.spanId)).size, times.length);
    assert.deepEqual(
      traces.slice(1).map(trace => trace?.previousId),
      traces.slice(0, -1).map(trace => trace?.spanId),
    );
  });

  it('is another one for each delivery of an event', () => {
    const ids = ['a', 'b'].map(id => attemptTrace(delivery({ id }))?.spanId);
    assert.notEqual(ids[0], ids[1]);
  });

  it('is none where the event has no trace', () => {
    assert.equal(attemptTrace(delivery({ meta: { traceparent: null } })), null);
  });
});
