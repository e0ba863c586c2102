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
  /** What was asked last failed with: a code of PostgreSQL's or the system's. null: it is good, or there is no code. */
  readonly failure: string | null;
  /** Asks until it is good or the signal aborts. Rejects with the AppError of a server that may not be used. */
  untilGood(signal: AbortSignal): Promise<void>;
}

export interface PostgresGuardDeps {
  /** Throws an AppError when PostgreSQL answers and may not be used, anything else when it does not answer. */
  readonly check: () => Promise<void>;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly retryMs?: number;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/**
 * Asks once: a server that may not be used ends the start. One that is away does not: Kafka can take an ingress's events, and a
 * processor waits. It is asked again by `untilGood`, and no event goes there before it was found good (`guardPool`).
 */
export async function connectPostgresGuard(deps: PostgresGuardDeps): Promise<PostgresGuard> {
  const { check, log, retryMs = RETRY_MS, now = () => performance.now() } = deps;
  const since = now();
  let isGood = false;
  let failure: string | null = null;

  async function ask(): Promise<unknown> {
    try {
      await check();
      isGood = true;
      failure = null;
      return null;
    } catch (error) {
      if (error instanceof AppError) throw error;
      failure = codeOf(error);
      return error;
    }
  }

  const waitedMs = () => Math.round(now() - since);
  const tell = (error: unknown) => log.warn({ err: error, waitedMs: waitedMs() }, 'postgres.away-at-start');
  const error = await ask();
  let toldAt = now();
  if (error !== null) tell(error);
  return {
    get isGood() {
      return isGood;
    },
    get failure() {
      return failure;
    },
    async untilGood(signal) {
      while (!isGood && !signal.aborted) {
        await delay(retryMs, undefined, { signal }).catch(() => undefined);
        if (signal.aborted) return;
        const again = await ask();
        if (again === null) log.info({ waitedMs: waitedMs() }, 'postgres.found');
        else if (now() - toldAt >= TELL_EVERY_MS) {
          toldAt = now();
          tell(again);
        }
      }
    },
  };
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
      : Promise.reject(new AppError('ACKLINE_POSTGRES_UNAVAILABLE', 'PostgreSQL was not checked yet'));
  return { query: query as Pool['query'] };
}
