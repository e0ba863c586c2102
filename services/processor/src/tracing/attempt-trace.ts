import { derivedSpanId, parseTraceparent, type TraceContext } from '@ackline/runtime/tracing/trace-context';
import type { EnvelopeMeta } from '@ackline/shared/envelope';

/** What the place of an attempt in its event's trace follows from. */
export interface TracedDelivery {
  readonly id: string;
  readonly eventId: string;
  readonly meta: Pick<EnvelopeMeta, 'traceparent'>;
  /** When the last attempt on record was, as its row says; null: there is none. */
  readonly lastAt?: string | null;
  /** And the one before that. */
  readonly lastButOneAt?: string | null;
  /** An attempt of it failed before. */
  readonly hasFailed?: boolean;
}

export interface AttemptTrace extends TraceContext {
  /** The storing of its event. */
  readonly parentId: string;
  /** The attempt before it, by whichever process; null: it is the first. */
  readonly previousId: string | null;
  /** One before it failed, whatever was between them. */
  readonly followsFailure: boolean;
  /** How long its body was in the making; null: it goes out as it came. */
  transformMs: number | null;
  /** What a handler said of its call (`ctx.span`), by its names; null: nothing. */
  handlerAttributes: Map<string, string | number | boolean> | null;
}

/** Of the span of an event's storing: its attempts name it hours later. */
export function storeSpanId(eventId: string): string {
  return derivedSpanId('store', eventId);
}

/**
 * null: the event has no trace. An attempt is told from the others of its delivery by the record of the one before it. Only one is
 * made after each: also what is interrupted, held or replayed leaves a record before the next begins.
 */
export function attemptTrace(delivery: TracedDelivery): AttemptTrace | null {
  const context = parseTraceparent(delivery.meta.traceparent);
  if (context === null) return null;
  const { id, eventId, lastAt = null, lastButOneAt = null, hasFailed = false } = delivery;
  return {
    traceId: context.traceId,
    isSampled: context.isSampled,
    spanId: attemptSpanId(id, lastAt),
    parentId: storeSpanId(eventId),
    previousId: lastAt === null ? null : attemptSpanId(id, lastButOneAt),
    followsFailure: hasFailed,
    transformMs: null,
    handlerAttributes: null,
  };
}

function attemptSpanId(deliveryId: string, after: string | null): string {
  return derivedSpanId('attempt', deliveryId, after ?? '');
}
