import { HandlerError } from '../handler-error.ts';

/** What happened to a call, without the parts of its URL that may be secret. */
export interface CallFailure {
  readonly method: string;
  readonly host: string;
  /** Of the answer; null: there was none. */
  readonly status: number | null;
  /** `HTTP_503`, `TIMEOUT`, `ABORTED`, `TOO_LARGE`, `NOT_JSON`, …, or what the system says: `ECONNREFUSED`. */
  readonly code: string;
  /** What is added to "POST host": a few words of our own. */
  readonly words: string;
  /** When it may be tried again, by the server's own word. */
  readonly retryAfterMs?: number | null;
  readonly maybeDone?: boolean;
  readonly cause?: unknown;
}

/** A call that brought no answer, or one that says no. */
export class OutboundError extends HandlerError {
  readonly status: number | null;
  readonly retryAfterMs: number | null;
  /** The request was written and no answer came: it may have been done, and may not be repeated unseen. See `ctx.once`. */
  readonly maybeDone: boolean;

  constructor(failure: CallFailure) {
    const { method, host, code, words, retryAfterMs = null, maybeDone = false, cause } = failure;
    const kind = retryAfterMs === null ? 'failed' : 'retry-later';
    super(`${method} ${host} ${words}`, { kind, afterMs: retryAfterMs, code, cause });
    this.name = 'OutboundError';
    this.status = failure.status;
    this.retryAfterMs = retryAfterMs;
    this.maybeDone = maybeDone;
  }
}
