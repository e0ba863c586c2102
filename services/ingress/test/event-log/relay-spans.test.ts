import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SpanRecord } from '@ackline/runtime/tracing/span-recorder';
import type { EventEnvelope } from '@ackline/shared/envelope';
import { relaySpans } from '../../src/event-log/relay-spans.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const APPEND = 'b7ad6b7169203331';

function relayed(traceparent: string | null): readonly SpanRecord[] {
  const spans: SpanRecord[] = [];
  const relay = relaySpans({ record: span => void spans.push(span), now: () => 7 });
  relay({ event: { id: 'event', traceparent } as EventEnvelope, tier: 'kafka', startMs: 3 });
  return spans;
}

describe('the span of a relayed event', () => {
  it('is below the append that put it into the spool, and says where it went', () => {
    const [span, ...others] = relayed(`00-${TRACE}-${APPEND}-01`);
    assert.equal(others.length, 0);
    assert.deepEqual(
      [span?.traceId, span?.parentId, span?.startMs, span?.endMs, span?.attributes['ackline.tier']],
      [TRACE, APPEND, 3, 7, 'kafka'],
    );
  });

  it('is none where its trace is not sampled, or it has none', () => {
    assert.deepEqual([...relayed(`00-${TRACE}-${APPEND}-00`), ...relayed(null)], []);
  });
});
