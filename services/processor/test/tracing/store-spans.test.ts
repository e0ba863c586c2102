import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SpanRecord } from '@ackline/runtime/tracing/span-recorder';
import { newSpanId, newTraceId } from '@ackline/runtime/tracing/trace-context';
import { storableFromEnvelope } from '../../src/storing/storable.ts';
import { createStoreTraces } from '../../src/tracing/store-spans.ts';
import { sampleEvent } from '../events.ts';

const START = 1_795_372_800_000;

function traces() {
  const spans: SpanRecord[] = [];
  return { spans, to: createStoreTraces({ record: span => void spans.push(span), now: () => START + 5 }) };
}
const event = (flags = '01') =>
  storableFromEnvelope(sampleEvent({ traceparent: `00-${newTraceId()}-${newSpanId()}-${flags}` }));
const batch = { startMs: START, items: [] };

describe('the spans of a batch', () => {
  it('are none where none of its events is sampled', () => {
    const { spans, to } = traces();
    const events = [event('00'), storableFromEnvelope(sampleEvent())];
    to.committed({ ...batch, events, fresh: events });
    assert.deepEqual(spans, []);
  });

  it('link to so many events as collectors take, and one for each event that is sampled', () => {
    const { spans, to } = traces();
    const events = [...Array.from({ length: 200 }, () => event()), event('00')];
    to.committed({ ...batch, events, fresh: events });
    assert.equal(spans.length, 202);
    assert.equal(spans[0]?.links?.length, 128);
  });

  it('are there for one that failed too, sampled or not, with what PostgreSQL calls it', () => {
    const { spans, to } = traces();
    to.failed({
      ...batch,
      events: [event('00')],
      error: Object.assign(new Error('canary'), { code: '57014' }),
    });
    assert.deepEqual(
      spans.map(({ name, isError, attributes }) => [name, isError, attributes['error.type']]),
      [
        ['process batch', true, '57014'],
        ['transaction', true, '57014'],
      ],
    );
    to.failed({ ...batch, events: [], error: 'canary' });
    assert.doesNotMatch(JSON.stringify(spans), /canary/);
  });
});
