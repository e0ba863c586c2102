/** Longest wait that a handler may ask for. */
const MAX_AFTER_MS = 24 * 60 * 60_000;

export type HandlerErrorKind = 'retry-later' | 'given-up' | 'undecodable' | 'failed';

export interface HandlerErrorOptions {
  readonly kind: HandlerErrorKind;
  /** From now; null: the destination's schedule alone says when. */
  readonly afterMs?: number | null;
  /** A name for what happened: `HTTP_503`. */
  readonly code?: string;
  readonly cause?: unknown;
}

/**
 * An error whose words are shown to operators, so they hold nothing of the event. Of all other errors only class and code are shown,
 * and they are tried again by the destination's schedule.
 */
export class HandlerError extends Error {
  readonly kind: HandlerErrorKind;
  readonly afterMs: number | null;
  readonly code: string | null;

  constructor(message: string, { kind, afterMs = null, code, cause }: HandlerErrorOptions) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'HandlerError';
    this.kind = kind;
    this.afterMs = waitOf(afterMs);
    this.code = code ?? null;
  }
}

/** To be thrown: the event is tried again, after `afterMs` at the earliest. */
export function retryLater(
  options: { readonly afterMs?: number; readonly reason?: string } = {},
): HandlerError {
  const { afterMs = null, reason = 'the handler asked for another try' } = options;
  return new HandlerError(reason, { kind: 'retry-later', afterMs });
}

/** To be thrown: no other try would change it, so the delivery is parked at once. */
export function giveUp(reason: string): HandlerError {
  return new HandlerError(reason, { kind: 'given-up' });
}

/** To be thrown by a source: the body is not what the provider sends, and no other try would change that. */
export function undecodable(detail: string): HandlerError {
  return new HandlerError(detail, { kind: 'undecodable' });
}

function waitOf(afterMs: number | null): number | null {
  if (afterMs === null || !Number.isFinite(afterMs)) return null;
  return Math.min(Math.max(0, Math.ceil(afterMs)), MAX_AFTER_MS);
}
