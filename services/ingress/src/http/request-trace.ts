import type { IncomingMessage } from 'node:http';
import {
  isWithinRatio,
  newSpanId,
  newTraceId,
  parseTraceparent,
  type TraceContext,
} from '@ackline/runtime/tracing/trace-context';

/** The place of a request in its trace. `spanId` is that of its append: what an event carries on is where it was made. */
export interface RequestTrace extends TraceContext {
  /** The span of a trusted proxy; null: the trace begins here. */
  readonly parentId: string | null;
}

export interface TraceRules {
  /** Of the traces that begin here, [0, 1]. */
  readonly ratio: number;
  /** Whose `traceparent` is believed: anybody else could have his requests recorded, or write into a trace of ours. */
  readonly isTrustedPeer: (request: IncomingMessage) => boolean;
}

/** Two drawn ids, and the decision that holds for all of the trace. */
export function beginTrace(request: IncomingMessage, { ratio, isTrustedPeer }: TraceRules): RequestTrace {
  const spanId = newSpanId();
  const header = request.headers['traceparent'];
  const parent = typeof header === 'string' && isTrustedPeer(request) ? parseTraceparent(header) : null;
  if (parent !== null) {
    return { traceId: parent.traceId, spanId, isSampled: parent.isSampled, parentId: parent.spanId };
  }
  const traceId = newTraceId();
  return { traceId, spanId, isSampled: isWithinRatio(traceId, ratio), parentId: null };
}
