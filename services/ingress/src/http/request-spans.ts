import { attributeNames, spanNames } from '@ackline/runtime/trace-names';
import type { SpanAttributes, SpanEvent, SpanRecord } from '@ackline/runtime/tracing/span-recorder';
import { newSpanId } from '@ackline/runtime/tracing/trace-context';
import { EVENTS_TOPIC } from '@ackline/shared/events-topic';
import type { Exchange } from './exchange.ts';
import { PHASE, PHASES } from './phase-clock.ts';
import { beginTrace, type RequestTrace, type TraceRules } from './request-trace.ts';
import type { Outcome } from './webhook-outcome.ts';
import type { RequestTraces } from './webhook-ports.ts';

/** A request that took longer is recorded, whatever its trace is: the alert on slow acks begins here too. */
const SLOW_MS = 1_000;

export interface RequestTracesDeps extends TraceRules {
  readonly record: (span: SpanRecord) => void;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly slowMs?: number;
}

/** The spans of requests: made when they have ended, of those alone that are recorded. */
export function createRequestTraces(deps: RequestTracesDeps): RequestTraces {
  const { slowMs = SLOW_MS } = deps;
  const begin = (exchange: Exchange): RequestTrace => {
    exchange.trace ??= beginTrace(exchange.request, deps);
    return exchange.trace;
  };
  return {
    begin,
    ended(exchange, outcome) {
      const trace = begin(exchange);
      const elapsedMs = exchange.clock.elapsedMs();
      const ended: EndedRequest = {
        exchange,
        outcome,
        trace,
        status: exchange.response.headersSent ? exchange.response.statusCode : null,
        endMs: deps.now(),
        elapsedMs,
      };
      if (!trace.isSampled && elapsedMs <= slowMs && !isError(ended)) return;
      for (const span of spansOf(ended)) deps.record(span);
    },
  };
}

interface EndedRequest {
  readonly exchange: Exchange;
  readonly outcome: Outcome;
  readonly trace: RequestTrace;
  /** null: nobody was there to be answered. */
  readonly status: number | null;
  /** Epoch milliseconds. */
  readonly endMs: number;
  readonly elapsedMs: number;
}

function isError({ outcome, status }: EndedRequest): boolean {
  return outcome.kind === 'lost' || (status !== null && status >= 500);
}

function spansOf(ended: EndedRequest): readonly SpanRecord[] {
  const { exchange, outcome, trace, endMs, elapsedMs } = ended;
  const { traceId, parentId } = trace;
  const startMs = endMs - elapsedMs;
  const method = methodOf(exchange);
  const request: SpanRecord = {
    name: outcome.endpoint === null ? method : `${method} ${outcome.endpoint.path}`,
    kind: 'server',
    traceId,
    spanId: newSpanId(),
    parentId,
    startMs,
    endMs,
    attributes: requestAttributes(ended),
    events: phaseEvents(exchange.clock.timesMs, startMs),
    isError: isError(ended),
  };
  const append = appendSpan(ended, request);
  return append === null ? [request] : [request, append];
}

/** One of the few that Node's parser lets through. */
function methodOf({ request }: Exchange): string {
  return request.method ?? '_OTHER';
}

/** One at the end of each phase that ended. */
function phaseEvents(timesMs: readonly number[], startMs: number): readonly SpanEvent[] {
  const events: SpanEvent[] = [];
  let atMs = startMs;
  for (const [phase, name] of PHASES.entries()) {
    const ms = timesMs[phase] ?? -1;
    if (ms < 0) continue;
    atMs += ms;
    events.push({ name, atMs });
  }
  return events;
}

/** Nothing that a caller wrote: the path is the configured one, and an unknown path may hold a token. */
function requestAttributes({ exchange, outcome, status }: EndedRequest): SpanAttributes {
  const { endpoint } = outcome;
  const url = endpoint?.publicUrl == null ? null : URL.parse(endpoint.publicUrl);
  return {
    [attributeNames.httpMethod]: methodOf(exchange),
    [attributeNames.urlScheme]: url?.protocol.slice(0, -1) ?? 'http',
    ...(url === null ? {} : { [attributeNames.serverAddress]: url.hostname }),
    ...(status === null ? {} : { [attributeNames.httpStatus]: status }),
    ...(endpoint === null
      ? {}
      : {
          [attributeNames.httpRoute]: endpoint.path,
          [attributeNames.urlPath]: endpoint.path,
          [attributeNames.source]: endpoint.source.name,
          [attributeNames.tenant]: endpoint.source.tenant,
        }),
    [attributeNames.requestId]: exchange.requestId,
    [attributeNames.result]: outcome.kind,
    ...('event' in outcome ? { [attributeNames.eventId]: outcome.event.id } : {}),
    ...(outcome.kind === 'rejected' ? { [attributeNames.reason]: outcome.reason } : {}),
    ...errorType(outcome, status),
  };
}

function errorType(outcome: Outcome, status: number | null): SpanAttributes {
  if (outcome.kind === 'lost') return { [attributeNames.errorType]: 'lost' };
  const isOurs = outcome.kind === 'rejected' && status !== null && status >= 500;
  return isOurs ? { [attributeNames.errorType]: outcome.code } : {};
}

/** null: the log was not asked. */
function appendSpan({ exchange, outcome, trace }: EndedRequest, request: SpanRecord): SpanRecord | null {
  const { timesMs } = exchange.clock;
  const ms = timesMs[PHASE.append] ?? -1;
  if (ms < 0) return null;
  const before = timesMs.slice(0, PHASE.append).reduce((sum, time) => sum + Math.max(0, time), 0);
  const startMs = request.startMs + before;
  const tier = outcome.kind === 'accepted' ? outcome.tier : null;
  return {
    name: appendName(tier),
    kind: 'producer',
    traceId: trace.traceId,
    spanId: trace.spanId,
    parentId: request.spanId,
    startMs,
    endMs: startMs + ms,
    attributes: {
      ...(tier === null ? { [attributeNames.errorType]: 'not_durable' } : { [attributeNames.tier]: tier }),
      ...(tier === 'kafka' ? KAFKA : {}),
      ...('event' in outcome
        ? {
            [attributeNames.messagingMessageId]: outcome.event.id,
            [attributeNames.messagingBodyBytes]: outcome.event.body.byteLength,
          }
        : {}),
    },
    isError: tier === null,
  };
}

function appendName(tier: string | null): string {
  if (tier === null) return spanNames.append;
  return tier === 'kafka' ? `${spanNames.send} ${EVENTS_TOPIC}` : `${spanNames.append} ${tier}`;
}

const KAFKA: SpanAttributes = {
  [attributeNames.messagingSystem]: 'kafka',
  [attributeNames.messagingDestination]: EVENTS_TOPIC,
  [attributeNames.messagingOperation]: spanNames.send,
  [attributeNames.messagingOperationType]: 'send',
};
