import type { RelayedEvent } from '@ackline/eventlog/spool/spool-relay';
import { attributeNames, spanNames } from '@ackline/runtime/trace-names';
import type { SpanRecord } from '@ackline/runtime/tracing/span-recorder';
import { newSpanId, parseTraceparent } from '@ackline/runtime/tracing/trace-context';

export interface RelaySpansDeps {
  readonly record: (span: SpanRecord) => void;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** The way of an event from the spool to a better log: beside its storing, below the append that put it there. */
export function relaySpans({ record, now }: RelaySpansDeps): (relayed: RelayedEvent) => void {
  return ({ event, tier, startMs }) => {
    const context = parseTraceparent(event.traceparent);
    if (context?.isSampled !== true) return;
    record({
      name: spanNames.relay,
      kind: 'producer',
      traceId: context.traceId,
      spanId: newSpanId(),
      parentId: context.spanId,
      startMs,
      endMs: now(),
      attributes: { [attributeNames.eventId]: event.id, [attributeNames.tier]: tier },
    });
  };
}
