import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseTraceparent } from '@ackline/runtime/tracing/trace-context';
import { sampleEvents } from '../../src/processor/sample-events.ts';

const COUNT = 2_000;

describe('the events of a bench', () => {
  it('have a place in a trace each where the ingress has traces, and of these the part that is asked for', () => {
    const traces = sampleEvents({ first: 1, count: COUNT, tracedRatio: 0.1 }).map(({ traceparent }) =>
      parseTraceparent(traceparent),
    );
    assert.equal(new Set(traces.map(trace => trace?.traceId)).size, COUNT);
    const sampled = traces.filter(trace => trace?.isSampled === true).length;
    assert.ok(sampled > 0.05 * COUNT && sampled < 0.15 * COUNT, `${sampled} of ${COUNT}`);
  });

  it('have none where it has no traces', () => {
    for (const { traceparent } of sampleEvents({ first: 1, count: 3 })) assert.equal(traceparent, null);
  });
});
