import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@ackline/shared/app-error';
import type { Pool } from 'pg';
import type { Logger } from '@ackline/runtime/logger';

/** A server that comes back is checked within this time. */
const RETRY_MS = 1_000;
/** Somebody who looks at the last lines of the log finds what is waited for. */
const TELL_EVERY_MS = 30_000;

export interface PostgresGuard {
  /** PostgreSQL has answered, keeps what it confirms, and has our schema. */
  readonly isGood: boolean;
  /** It answered last, and may not be used as it is. */
  readonly isRefused: boolean;
  /** What was asked last failed with: a code of ours, PostgreSQL's or the system's. null: it is good, or there is no code. */
  readonly failure: string | null;
  /** Asks until it is good or the signal aborts. Rejects with the AppError of a server that may not be used. */
  untilGood(signal: AbortSignal): Promise<void>;
  /** The same for who has other logs: asks such a server again, until it was put right. Never rejects. */
  keepAsking(signal: AbortSignal): Promise<void>;
}

export interface PostgresGuardDeps {
  /** Throws an AppError when PostgreSQL answers and may not be used, anything else when it does not answer. */
  readonly check: () => Promise<void>;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly retryMs?: number;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/**
 * Asks once: a server that may not be used ends the start, so that a rollout stops while the processes before it serve. One that is
 * away does not: Kafka can take an ingress's events, and a processor waits. It is asked again by `untilGood` or `keepAsking`, and
 * no event goes there before it was found good (`guardPool`).
 */
export async function connectPostgresGuard(deps: PostgresGuardDeps): Promise<PostgresGuard> {
  const { check, log, retryMs = RETRY_MS, now = () => performance.now() } = deps;
  const since = now();
  const waitedMs = () => Math.round(now() - since);
  const tell = createTeller(log, { waitedMs, now });
  let isGood = false;
  let lastError: unknown = null;

  async function ask(): Promise<void> {
    try {
      await check();
      isGood = true;
      lastError = null;
    } catch (error) {
      lastError = error;
    }
  }

  async function askUntilGood(signal: AbortSignal, { refusalEnds }: { refusalEnds: boolean }): Promise<void> {
    while (!isGood && !signal.aborted) {
      await delay(retryMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      await ask();
      if (isGood) log.info({ waitedMs: waitedMs() }, 'postgres.found');
      else if (refusalEnds && isRefusal(lastError)) throw lastError;
      else tell(lastError);
    }
  }

  await ask();
  if (isRefusal(lastError)) throw lastError;
  if (!isGood) tell(lastError);
  return {
    get isGood() {
      return isGood;
    },
    get isRefused() {
      return isRefusal(lastError);
    },
    get failure() {
      return codeOf(lastError);
    },
    untilGood: signal => askUntilGood(signal, { refusalEnds: true }),
    keepAsking: signal => askUntilGood(signal, { refusalEnds: false }),
  };
}

/** A line at once, and then every 30 s: on a server that is away, and on one that answers and may not be used. */
function createTeller(
  log: PostgresGuardDeps['log'],
  { waitedMs, now }: { readonly waitedMs: () => number; readonly now: () => number },
): (error: unknown) => void {
  const toldAt = { away: Number.NEGATIVE_INFINITY, refused: Number.NEGATIVE_INFINITY };
  return error => {
    const kind = isRefusal(error) ? 'refused' : 'away';
    if (now() - toldAt[kind] < TELL_EVERY_MS) return;
    toldAt[kind] = now();
    if (kind === 'away') log.warn({ err: error, waitedMs: waitedMs() }, 'postgres.away-at-start');
    else log.error({ err: error, code: codeOf(error), waitedMs: waitedMs() }, 'postgres.refused');
  };
}

function isRefusal(error: unknown): error is AppError {
  return error instanceof AppError;
}

function codeOf(error: unknown): string | null {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' ? code : null;
}

/** The pool for events: takes nothing before the server was found good, also where Kafka has just failed (A1). */
export function guardPool(
  pool: Pick<Pool, 'query'>,
  guard: Pick<PostgresGuard, 'isGood'>,
): Pick<Pool, 'query'> {
  const query = (...args: Parameters<Pool['query']>) =>
    guard.isGood
      ? pool.query(...args)
      : Promise.reject(new AppError('ACKLINE_POSTGRES_UNAVAILABLE', 'PostgreSQL was not found good yet'));
  return { query: query as Pool['query'] };
}
