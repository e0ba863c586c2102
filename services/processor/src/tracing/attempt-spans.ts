import { attributeNames, spanNames } from '@ackline/runtime/trace-names';
import type { SpanAttributes, SpanRecord } from '@ackline/runtime/tracing/span-recorder';
import { newSpanId } from '@ackline/runtime/tracing/trace-context';
import type { DestinationConfig } from '@ackline/shared/config/types';
import type { AttemptTraces, EndedAttempt } from '../delivery/attempting/attempt.ts';
import type { AttemptResult, Outcome } from '../delivery/outcomes/outcome.ts';
import { type AttemptTrace, attemptTrace } from './attempt-trace.ts';

/** The spans of attempts: made when they have ended, of those alone that are recorded. */
export function createAttemptTraces(record: (span: SpanRecord) => void): AttemptTraces {
  return {
    begin: attemptTrace,
    ended(attempt, trace) {
      if (!isRecorded(attempt, trace)) return;
      const span = attemptSpan(attempt, trace);
      record(span);
      if (trace.transformMs !== null) record(transformSpan(attempt, span, trace.transformMs));
    },
  };
}

/**
 * What failed is, whatever its trace is; and what was sent after it, so that its end is seen too. What is held for our own sake, once
 * a second maybe, is in sampled traces alone.
 */
function isRecorded({ finished: { outcome } }: EndedAttempt, trace: AttemptTrace): boolean {
  return trace.isSampled || isError(outcome) || (trace.followsFailure && outcome.kind !== 'hold');
}

/** What is held for our own sake did not fail. */
function isError(outcome: Outcome): boolean {
  return outcome.kind === 'hold' ? outcome.reason === 'gone' : outcome.kind !== 'delivered';
}

function attemptSpan({ delivery, config, finished }: EndedAttempt, trace: AttemptTrace): SpanRecord {
  const { traceId, spanId, parentId, previousId } = trace;
  const { result, outcome, startedAt, ms } = finished;
  const startMs = startedAt.getTime();
  return {
    ...nameOf(config),
    traceId,
    spanId,
    parentId,
    startMs,
    endMs: startMs + ms,
    attributes: {
      ...whereTo(config),
      ...(result.kind === 'response' ? { [attributeNames.httpStatus]: result.status } : {}),
      ...(isError(outcome) ? { [attributeNames.errorType]: errorType(result) } : {}),
      ...(delivery.tries > 0 && config.type === 'http'
        ? { [attributeNames.httpResendCount]: delivery.tries }
        : {}),
      [attributeNames.destination]: config.name,
      [attributeNames.route]: delivery.route,
      [attributeNames.source]: delivery.meta.source,
      [attributeNames.tenant]: delivery.meta.tenant,
      [attributeNames.eventId]: delivery.eventId,
      [attributeNames.deliveryId]: delivery.id,
      [attributeNames.attempt]: delivery.tries + 1,
      [attributeNames.replay]: delivery.replay,
      [attributeNames.outcome]: outcome.kind,
      ...ofHandler(trace),
    },
    ...(previousId === null ? {} : { links: [{ traceId, spanId: previousId }] }),
    isError: isError(outcome),
  };
}

/** Under names of their own: none can be taken for one of ours. */
function ofHandler({ handlerAttributes }: AttemptTrace): SpanAttributes {
  return Object.fromEntries(
    [...(handlerAttributes ?? [])].map(([name, value]) => [`handler.${name}`, value]),
  );
}

function nameOf(config: DestinationConfig): Pick<SpanRecord, 'name' | 'kind'> {
  switch (config.type) {
    case 'http':
      return { name: spanNames.attempt, kind: 'client' };
    case 'kafka':
      return { name: `${spanNames.send} ${config.topic}`, kind: 'producer' };
    case 'handler':
      return { name: `${spanNames.handle} ${config.name}`, kind: 'internal' };
    default: {
      const never: never = config;
      return never;
    }
  }
}

/** Without path and query, which may hold a token. */
function whereTo(config: DestinationConfig): SpanAttributes {
  if (config.type === 'handler') return { [attributeNames.codeFile]: config.module };
  if (config.type === 'kafka') {
    return {
      [attributeNames.messagingSystem]: 'kafka',
      [attributeNames.messagingDestination]: config.topic,
      [attributeNames.messagingOperation]: spanNames.send,
      [attributeNames.messagingOperationType]: 'send',
    };
  }
  const url = URL.parse(config.url);
  return {
    [attributeNames.httpMethod]: 'POST',
    ...(url === null
      ? {}
      : {
          [attributeNames.urlScheme]: url.protocol.slice(0, -1),
          [attributeNames.serverAddress]: url.hostname,
          [attributeNames.serverPort]: portOf(url),
        }),
  };
}

const HTTPS_PORT = 443;
const HTTP_PORT = 80;

function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port);
  return protocol === 'https:' ? HTTPS_PORT : HTTP_PORT;
}

function errorType(result: AttemptResult): string {
  if (result.kind === 'error') return result.errorClass;
  return result.kind === 'response' ? String(result.status) : 'other';
}

/** An attempt begins with it. */
function transformSpan({ delivery, finished }: EndedAttempt, attempt: SpanRecord, ms: number): SpanRecord {
  const { result } = finished;
  const isFailed = result.kind === 'error' && result.errorClass.startsWith('transform-');
  return {
    name: `${spanNames.transform} ${delivery.route}`,
    kind: 'internal',
    traceId: attempt.traceId,
    spanId: newSpanId(),
    parentId: attempt.spanId,
    startMs: attempt.startMs,
    endMs: attempt.startMs + ms,
    attributes: {
      [attributeNames.route]: delivery.route,
      ...(isFailed ? { [attributeNames.errorType]: result.errorClass } : {}),
    },
    isError: isFailed,
  };
}
