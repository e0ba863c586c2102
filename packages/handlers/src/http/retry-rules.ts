import type { Exchanged } from './exchange.ts';
import { NOT_PUBLIC } from '@ackline/runtime/public-addresses';

/** The first, and two more. */
const MAX_TRIES = 3;
/** What a server asks for above this is waited for by the destination's schedule, which needs no thread. */
const MAX_WAIT_MS = 10_000;
const FIRST_BACKOFF_MS = 200;
/** So that tries are never one at once: what failed would fail again. */
const MIN_BACKOFF_MS = 50;

export interface TryPolicy {
  /** Tries so far, from 1. */
  readonly tries: number;
  /** May be done twice. */
  readonly idempotent: boolean;
  /** Until the call's time is over. */
  readonly remainingMs: number;
  /** By the server's own word; null: it said nothing. */
  readonly retryAfterMs: number | null;
  /** [0, 1). */
  readonly random: number;
}

/** Gateways and servers that are away for a moment. */
const TRANSIENT: ReadonlySet<number> = new Set([500, 502, 503, 504]);

/** Milliseconds until the next try; null: what there is counts. */
export function nextTryMs(exchanged: Exchanged, policy: TryPolicy): number | null {
  const { tries, remainingMs, retryAfterMs, random } = policy;
  if (tries >= MAX_TRIES || !mayRepeat(exchanged, policy)) return null;
  const backoffMs = MIN_BACKOFF_MS + random * FIRST_BACKOFF_MS * 2 ** (tries - 1);
  const waitMs = Math.max(backoffMs, retryAfterMs ?? 0);
  return waitMs <= MAX_WAIT_MS && waitMs < remainingMs ? waitMs : null;
}

function mayRepeat(exchanged: Exchanged, { idempotent, retryAfterMs }: TryPolicy): boolean {
  if (exchanged.kind === 'failed') return isPassing(exchanged.code) && (idempotent || !exchanged.wasSent);
  const { status } = exchanged.answer;
  // A server that says when to come again has not done it.
  if (status === 429 || (status === 503 && retryAfterMs !== null)) return true;
  return idempotent && TRANSIENT.has(status);
}

/** Ended by ourselves, or by what is the same at each try. */
const FINAL: ReadonlySet<string> = new Set([
  'TIMEOUT',
  'ABORTED',
  'TOO_LARGE',
  'REFUSED',
  NOT_PUBLIC,
  'UND_ERR_INVALID_ARG',
]);

function isPassing(code: string): boolean {
  return !FINAL.has(code) && !code.includes('CERT');
}
