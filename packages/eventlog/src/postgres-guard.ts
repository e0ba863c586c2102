import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@ackline/shared/app-error';
import type { Pool } from 'pg';
import { aborted } from '@ackline/runtime/aborted';
import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import { READY_EVERY_MS } from './tiers.ts';

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
  /** What makes it weaker than the ack contract, and does not rule it out; as it said last. */
  readonly weaknesses: readonly string[];
  /** An error of its pool: a server in use that may not be used (a connection of its was refused) is not good from now on. */
  heard(error: unknown): void;
  /** Asks until it is good or the signal aborts. Rejects with the AppError of a server that may not be used. */
  untilGood(signal: AbortSignal): Promise<void>;
  /**
   * The same for who has other logs: asks such a server again, until it was put right. With `checkAgain` it never ends: one that
   * is good is asked each minute whether it still is. Never rejects.
   */
  keepAsking(signal: AbortSignal): Promise<void>;
}

export interface PostgresGuardDeps {
  /** Throws an AppError when PostgreSQL answers and may not be used, anything else when it does not answer. Asked until it was good. */
  readonly check: () => Promise<void>;
  /** The same for what may change below a running process, asked before `check` and for ever; gives the weaknesses. Default: nothing. */
  readonly checkAgain?: () => Promise<readonly string[]>;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly retryMs?: number;
  /** How often one that is good is asked. Default: each minute. */
  readonly goodEveryMs?: number;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
  /** Resolves after this long, or when aborted. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Asks once: a server that may not be used ends the start, so that a rollout stops while the processes before it serve. One that is
 * away does not: Kafka can take an ingress's events, and a processor waits. It is asked again by `untilGood` or `keepAsking`, and
 * no event goes there before it was found good (`guardPool`).
 */
export async function connectPostgresGuard(deps: PostgresGuardDeps): Promise<PostgresGuard> {
  const guard = new Guard(deps);
  const refusal = await guard.start();
  if (refusal !== null) throw refusal;
  return guard;
}

class Guard implements PostgresGuard {
  readonly #deps: PostgresGuardDeps;
  readonly #tell: (error: unknown) => void;
  readonly #now: () => number;
  /** Since when it is not good. */
  #since: number;
  #wasFound = false;
  #lastError: unknown = null;
  #wake = new AbortController();
  isGood = false;
  weaknesses: readonly string[] = [];

  constructor(deps: PostgresGuardDeps) {
    this.#deps = deps;
    this.#now = deps.now ?? (() => performance.now());
    this.#since = this.#now();
    this.#tell = createTeller(deps.log, { waitedMs: () => this.#waitedMs(), now: this.#now });
  }

  get isRefused(): boolean {
    return isRefusal(this.#lastError);
  }

  get failure(): string | null {
    return codeOf(this.#lastError);
  }

  /** The AppError of a server that may not be used; null: it is good, or away. */
  async start(): Promise<AppError | null> {
    await this.#ask();
    if (isRefusal(this.#lastError)) return this.#lastError;
    if (!this.isGood) this.#tell(this.#lastError);
    return null;
  }

  heard(error: unknown): void {
    if (!this.isGood || !isRefusal(error)) return;
    this.#lose(error);
    this.#tell(error);
    this.#wake.abort();
  }

  async untilGood(signal: AbortSignal): Promise<void> {
    while (!this.isGood && !signal.aborted) {
      await this.#askLater(signal);
      if (isRefusal(this.#lastError)) throw this.#lastError;
    }
  }

  async keepAsking(signal: AbortSignal): Promise<void> {
    const isInUse = () => this.isGood && this.#deps.checkAgain === undefined;
    while (!isInUse() && !signal.aborted) await this.#askLater(signal);
  }

  async #askLater(signal: AbortSignal): Promise<void> {
    const { log, retryMs = RETRY_MS, goodEveryMs = READY_EVERY_MS, wait = pause } = this.#deps;
    await wait(this.isGood ? goodEveryMs : retryMs, AbortSignal.any([signal, this.#wake.signal]));
    if (this.#wake.signal.aborted) this.#wake = new AbortController();
    if (signal.aborted) return;
    const wasGood = this.isGood;
    await this.#ask();
    if (!this.isGood) this.#tell(this.#lastError);
    else if (!wasGood) log.info({ waitedMs: this.#waitedMs() }, 'postgres.found');
  }

  async #ask(): Promise<void> {
    const { check, checkAgain } = this.#deps;
    try {
      const weaknesses = (await checkAgain?.()) ?? [];
      if (!this.#wasFound) await check();
      this.#wasFound = true;
      this.isGood = true;
      this.#lastError = null;
      this.#takeOn(weaknesses);
    } catch (error) {
      // Of one in use that does not answer its tier's breaker hears: what was known of it stays, as of Kafka's topic.
      if (!this.isGood || isRefusal(error)) this.#lose(error);
    }
  }

  #lose(error: unknown): void {
    if (this.isGood) this.#since = this.#now();
    this.isGood = false;
    this.#lastError = error;
  }

  #takeOn(weaknesses: readonly string[]): void {
    const isNews = weaknesses.join('\n') !== this.weaknesses.join('\n');
    this.weaknesses = weaknesses;
    if (isNews && weaknesses.length > 0) this.#deps.log.warn({ weaknesses }, 'postgres.weaker');
  }

  #waitedMs(): number {
    return Math.round(this.#now() - this.#since);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
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

/**
 * Lets the guard ask for as long as the process serves. A drain (`drain`) asks no more. The last question may hang for as long as PostgreSQL
 * does: the drain goes on beside it, and the component has ended before the pool does.
 */
export function createAsking(guard: Pick<PostgresGuard, 'keepAsking'>, drain: AbortSignal): Component {
  return {
    name: 'postgres-guard',
    async run(signal) {
      await guard.keepAsking(AbortSignal.any([signal, drain]));
      await aborted(signal);
    },
  };
}

/** The pool for events: takes nothing while the server is not known to be good, also where Kafka has just failed (A1). */
export function guardPool(
  pool: Pick<Pool, 'query'>,
  guard: Pick<PostgresGuard, 'isGood' | 'heard'>,
): Pick<Pool, 'query'> {
  const ask = pool.query.bind(pool) as (...args: unknown[]) => Promise<unknown>;
  const query = async (...args: unknown[]) => {
    if (!guard.isGood)
      throw new AppError('ACKLINE_POSTGRES_UNAVAILABLE', 'PostgreSQL was not found good yet');
    try {
      return await ask(...args);
    } catch (error) {
      guard.heard(error);
      throw error;
    }
  };
  return { query: query as Pool['query'] };
}
