import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@ackline/shared/app-error';
import type { Pool } from 'pg';
import type { Logger } from '@ackline/runtime/logger';

/** A server that comes back is checked within this time. */
const RETRY_MS = 1_000;

export interface PostgresGuard {
  /** PostgreSQL has answered, keeps what it confirms, and has our schema. */
  readonly isGood: boolean;
  /** Asks until it is good or the signal aborts. Rejects with the AppError of a server that may not be used. */
  untilGood(signal: AbortSignal): Promise<void>;
}

export interface PostgresGuardDeps {
  /** Throws an AppError when PostgreSQL answers and may not be used, anything else when it does not answer. */
  readonly check: () => Promise<void>;
  readonly log: Pick<Logger, 'warn'>;
  readonly retryMs?: number;
}

/**
 * Asks once: a server that may not be used ends the start. One that is away does not, since Kafka can take the events; it is
 * asked again by `untilGood`, and no event goes there before it was found good (`guardPool`).
 */
export async function connectPostgresGuard(deps: PostgresGuardDeps): Promise<PostgresGuard> {
  const { check, log, retryMs = RETRY_MS } = deps;
  let isGood = false;

  async function ask(): Promise<unknown> {
    try {
      await check();
      isGood = true;
      return null;
    } catch (error) {
      if (error instanceof AppError) throw error;
      return error;
    }
  }

  const error = await ask();
  if (error !== null) log.warn({ err: error }, 'postgres.away-at-start');
  return {
    get isGood() {
      return isGood;
    },
    async untilGood(signal) {
      while (!isGood && !signal.aborted) {
        await delay(retryMs, undefined, { signal }).catch(() => undefined);
        if (!signal.aborted) await ask();
      }
    },
  };
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
