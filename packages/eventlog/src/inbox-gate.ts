import type { BreakerSnapshot, CircuitBreaker, Permit } from '@ackline/shared/breaker/circuit-breaker';
import type { Pool } from 'pg';

/**
 * Whether PostgreSQL may be asked to take an event.
 *
 * I1. While it is known to be away nobody pays for it: a question in the background finds out when it answers again, and
 *     then one append is let through to see whether it commits.
 * I2. The first failed append asks at once; an answer that does not come shuts the gate before the breaker would.
 * I3. A question that hangs is given up after PROBE_DEADLINE_MS: the next one may find another connection.
 * I4. `onTrouble` hears of a PostgreSQL that is late before the first append has run out of time.
 * I5. An append that may take long is never the one that is let through first: others would wait for what it comes to. It
 *     goes beside it, and counts when it has ended.
 * I6. A PostgreSQL that may not be used (A1) is as good as away, however well it answers.
 */
export interface InboxGate {
  /** null: PostgreSQL is away, or one append is on its way to find out. Use the next tier at once. */
  tryAcquire(): Permit | null;
  /** The same for an append that may take long (I5). null: PostgreSQL is away. */
  tryAcquireLong(): Permit | null;
  /** An append would be tried. */
  readonly isOpen: boolean;
  /** No append or question has failed since the last one that succeeded. */
  readonly isWell: boolean;
  readonly breaker: BreakerSnapshot;
  /** Asks PostgreSQL in the background, as a failed append does (I2). */
  check(): void;
  close(): void;
}

export interface InboxGateOptions {
  readonly pool: Pick<Pool, 'query'>;
  /** False: it may not be used as it is (I6). Default: it may. */
  readonly mayUse?: () => boolean;
  /** With a reset time below PROBE_EVERY_MS, so that it is over when the question is answered. */
  readonly breaker: CircuitBreaker;
  /** Epoch milliseconds, as the breaker's. */
  readonly now: () => number;
  /** An append failed, none has ended for LATE_MS (I4), or a question was not answered. */
  readonly onTrouble?: () => void;
}

/** How soon PostgreSQL is found after it is back. */
const PROBE_EVERY_MS = 1_000;
/** A server that answers `select 1` later than this is not one to wait for. */
const PROBE_DEADLINE_MS = 1_000;
/** A commit takes a few ms, on a busy machine some ten. In what remains of the deadline a spool can start. */
const LATE_MS = 100;
/** Batches that fail in a row: one lost connection of the pool is no outage. */
export const INBOX_BREAKER_FAILURES = 3;
export const INBOX_BREAKER_RESET_MS = 500;

export function createInboxGate(options: InboxGateOptions): InboxGate {
  return new Gate(options);
}

class Gate implements InboxGate {
  readonly #options: InboxGateOptions;
  /** What is known: well, one append failed, or away. */
  #state: 'well' | 'doubted' | 'away' = 'well';
  #closed = false;
  #probing = false;
  #timer: NodeJS.Timeout | null = null;
  #underWay = 0;
  #ended = 0;
  #lateTimer: NodeJS.Timeout | null = null;

  constructor(options: InboxGateOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    if (this.#isAway()) return false;
    const { state } = this.#options.breaker;
    return state.status !== 'OPEN' || state.reopensAt <= this.#options.now();
  }

  get isWell(): boolean {
    return this.#state === 'well' && this.isOpen;
  }

  get breaker(): BreakerSnapshot {
    return this.#options.breaker.state;
  }

  tryAcquire(): Permit | null {
    if (this.#isAway()) return null; // (I1)
    const permit = this.#options.breaker.tryAcquire();
    if (permit === null) return null;
    this.#began();
    return {
      cancel: () => {
        this.#underWay -= 1;
        permit.cancel();
      },
      success: () => {
        this.#underWay -= 1;
        this.#ended += 1;
        permit.success();
        this.#state = 'well';
      },
      failure: () => {
        this.#underWay -= 1;
        permit.failure();
        if (this.#state === 'well') this.#state = 'doubted';
        if (this.#options.breaker.state.status === 'OPEN') this.#state = 'away';
        this.#probe(0); // (I2)
        this.#options.onTrouble?.();
      },
    };
  }

  tryAcquireLong(): Permit | null {
    if (!this.isOpen) return null;
    this.#began();
    const end = (): void => void (this.#underWay -= 1);
    return {
      cancel: end,
      success: () => {
        end();
        this.tryAcquire()?.success();
      },
      failure: () => {
        end();
        this.tryAcquire()?.failure();
      },
    };
  }

  check(): void {
    this.#probe(0);
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#lateTimer !== null) clearTimeout(this.#lateTimer);
  }

  /** (I1, I6) */
  #isAway(): boolean {
    return this.#state === 'away' || this.#options.mayUse?.() === false;
  }

  /** (I4) One timer for all appends, and none while there are none. */
  #began(): void {
    this.#underWay += 1;
    if (this.#lateTimer !== null || this.#options.onTrouble === undefined) return;
    const ended = this.#ended;
    this.#lateTimer = setTimeout(() => {
      this.#lateTimer = null;
      if (this.#underWay > 0 && this.#ended === ended) this.#options.onTrouble?.();
    }, LATE_MS);
    this.#lateTimer.unref();
  }

  #probe(afterMs: number): void {
    if (this.#closed || this.#probing || this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#probing = true;
      void this.#answers().then(answered => {
        this.#probing = false;
        this.#state = answered ? 'well' : 'away';
        if (answered) return;
        this.#probe(PROBE_EVERY_MS);
        this.#options.onTrouble?.();
      });
    }, afterMs);
    this.#timer.unref();
  }

  /** (I3) */
  #answers(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), PROBE_DEADLINE_MS);
    timer.unref();
    this.#options.pool
      .query('select 1')
      .then(
        () => resolve(true),
        () => resolve(false),
      )
      .finally(() => clearTimeout(timer));
    return promise;
  }
}
