import { attributeNames, spanNames } from '@ackline/runtime/trace-names';
import type { SpanAttributes, SpanRecord } from '@ackline/runtime/tracing/span-recorder';
import {
  newSpanId,
  newTraceId,
  parseTraceparent,
  type TraceContext,
} from '@ackline/runtime/tracing/trace-context';
import { EVENTS_TOPIC } from '@ackline/shared/events-topic';
import type { Item } from '../storing/lane-item.ts';
import type { CommittedBatch, FailedBatch, StoreTraces } from '../storing/lane-storer.ts';
import type { StorableEvent } from '../storing/storable.ts';
import { storeSpanId } from './attempt-trace.ts';

/** What collectors take of one span; a batch may have thousands of events. */
const MAX_LINKS = 128;

export interface StoreTracesDeps {
  readonly record: (span: SpanRecord) => void;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/**
 * The spans of storing. A batch is a trace of its own, with its transaction: it belongs to no single event. It is recorded where an event
 * of it is, and where it failed. Each event that is recorded has the span that its attempts are children of.
 */
export function createStoreTraces({ record, now }: StoreTracesDeps): StoreTraces {
  return {
    committed(batch) {
      const sampled = sampledOf(batch.events);
      if (sampled.length === 0) return;
      const { span, transaction } = batchSpans(batch, sampled, now());
      const attributes = {
        ...span.attributes,
        [attributeNames.stored]: batch.fresh.length,
        [attributeNames.duplicates]: batch.events.length - batch.fresh.length,
      };
      record({ ...span, attributes });
      record(transaction);
      const fresh = new Set(batch.fresh);
      for (const each of sampled) record(eventSpan(each, span, fresh.has(each.event)));
    },
    failed(batch) {
      const { span, transaction } = batchSpans(batch, sampledOf(batch.events), now());
      const error = { [attributeNames.errorType]: errorType(batch.error) };
      for (const failed of [span, transaction]) {
        record({ ...failed, attributes: { ...failed.attributes, ...error }, isError: true });
      }
    },
  };
}

interface SampledEvent {
  readonly event: StorableEvent;
  /** Its append. */
  readonly context: TraceContext;
}

function sampledOf(events: readonly StorableEvent[]): readonly SampledEvent[] {
  return events.flatMap(event => {
    const context = parseTraceparent(event.meta.traceparent);
    return context?.isSampled === true ? [{ event, context }] : [];
  });
}

function batchSpans(
  { startMs, items, events }: CommittedBatch | FailedBatch,
  sampled: readonly SampledEvent[],
  endMs: number,
): { readonly span: SpanRecord; readonly transaction: SpanRecord } {
  const traceId = newTraceId();
  const span: SpanRecord = {
    name: spanNames.batch,
    kind: 'consumer',
    traceId,
    spanId: newSpanId(),
    parentId: null,
    startMs,
    endMs,
    attributes: {
      [attributeNames.messagingOperation]: spanNames.process,
      [attributeNames.messagingOperationType]: 'process',
      [attributeNames.messagingBatchCount]: items.length,
      ...placeOf(items[0]),
    },
    links: sampled.slice(0, MAX_LINKS).map(({ context }) => context),
  };
  const transaction: SpanRecord = {
    name: spanNames.transaction,
    kind: 'client',
    traceId,
    spanId: newSpanId(),
    parentId: span.spanId,
    startMs,
    endMs,
    attributes: { [attributeNames.dbSystem]: 'postgresql', [attributeNames.dbBatchSize]: events.length },
  };
  return { span, transaction };
}

/** undefined: the transaction did not come so far as to take one. */
function placeOf(item: Item | undefined): SpanAttributes {
  if (item === undefined) return {};
  return { [attributeNames.tier]: item.place.kind, [attributeNames.lane]: item.place.lane };
}

/** A second copy has a span too, of an id that nobody needs to know: it shows where the trace of a repeat ends. */
function eventSpan({ event, context }: SampledEvent, batch: SpanRecord, isFresh: boolean): SpanRecord {
  const { meta, tier } = event;
  const isKafka = tier === 'kafka';
  return {
    name: `${spanNames.process} ${isKafka ? EVENTS_TOPIC : tier}`,
    kind: 'consumer',
    traceId: context.traceId,
    spanId: isFresh ? storeSpanId(meta.id) : newSpanId(),
    parentId: context.spanId,
    startMs: batch.startMs,
    endMs: batch.endMs,
    attributes: {
      ...(isKafka
        ? { [attributeNames.messagingSystem]: 'kafka', [attributeNames.messagingDestination]: EVENTS_TOPIC }
        : {}),
      [attributeNames.messagingOperation]: spanNames.process,
      [attributeNames.messagingOperationType]: 'process',
      [attributeNames.messagingMessageId]: meta.id,
      [attributeNames.eventId]: meta.id,
      [attributeNames.source]: meta.source,
      [attributeNames.tenant]: meta.tenant,
      [attributeNames.tier]: tier,
      [attributeNames.result]: isFresh ? 'stored' : 'duplicate',
    },
    links: [batch],
  };
}

/** A SQLSTATE, or what the system calls it. */
const ERROR_CODE = /^[A-Z0-9_]{2,64}$/;

function errorType(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && ERROR_CODE.test(code) ? code : 'other';
}
