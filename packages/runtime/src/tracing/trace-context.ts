import { hash, randomFillSync } from 'node:crypto';

/** One span, as others name it: their parent, or a link of theirs. Ids are lower case hexadecimal, 32 and 16 digits. */
export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
  /** Its trace is recorded. */
  readonly isSampled: boolean;
}

/** W3C Trace Context, version 00. */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const TRACE_ID_START = 3;
const TRACE_ID_END = 35;
const NO_TRACE_ID = '0'.repeat(32);
const NO_SPAN_ID = '0'.repeat(16);
const SAMPLED_FLAG = 1;

/** null: none, or none in a form that we know. */
export function parseTraceparent(text: string | null | undefined): TraceContext | null {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(text ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return null;
  if (traceId === NO_TRACE_ID || spanId === NO_SPAN_ID) return null;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & SAMPLED_FLAG) === SAMPLED_FLAG };
}

export function formatTraceparent({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
}

/** Of a traceparent that was parsed or made here; undefined where there is none, so that a log line leaves it out. */
export function traceIdOf(traceparent: string | null): string | undefined {
  return traceparent?.slice(TRACE_ID_START, TRACE_ID_END);
}

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;
const POOL_BYTES = 4_096;
/** Drawn for many ids at once: a call for each costs more than all else that a request without a span does. */
const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;

function draw(bytes: number): string {
  if (used + bytes > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.toString('hex', used - bytes, used);
}

export function newTraceId(): string {
  return draw(TRACE_ID_BYTES);
}

export function newSpanId(): string {
  return draw(SPAN_ID_BYTES);
}

/** The id of a span that others have to name without being told: it follows from what both know. */
export function derivedSpanId(...parts: readonly string[]): string {
  return hash('sha256', parts.join('/'), 'hex').slice(0, 2 * SPAN_ID_BYTES);
}

/** The lowest 56 bits of a trace id, which W3C's second level wants to be random. */
const RANDOM_DIGITS = 14;
const RANDOM_RANGE = 2 ** 56;

/** OpenTelemetry's rule of consistent sampling: whoever asks for the same trace and ratio decides the same. */
export function isWithinRatio(traceId: string, ratio: number): boolean {
  // A double has no room for the greatest of them: it becomes the range itself.
  return ratio > 0 && Number.parseInt(traceId.slice(-RANDOM_DIGITS), 16) >= (1 - ratio) * RANDOM_RANGE;
}
