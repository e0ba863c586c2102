import { integerIn } from '../integer-in.ts';
import type { TripRule } from './trip-rules.ts';

/**
 * A circuit breaker for callers that batch: it hands out permits instead of wrapping a function.
 *
 * B1. While OPEN nobody gets a permit before `reopensAt`; nobody ever waits for one.
 * B2. A permit counts at most once: the first of `success`, `failure` and `cancel` wins.
 * B3. A permit speaks only for the state that gave it: a slow answer from before a trip changes nothing after it.
 * B4. HALF_OPEN has at most `probes` permits out. The first failure reopens; `probes` successes close.
 * B5. A probe that never reports delays recovery by one reset time, not for ever.
 * B6. The state is already the new one when `onChange` hears of it.
 */
export interface CircuitBreaker {
  /** null: the circuit is open, or all probes are out. Use the next best way at once. */
  tryAcquire(): Permit | null;
  readonly state: BreakerSnapshot;
}

/** The right to one call (or one batch). Report its outcome; `cancel` when nothing was tried. */
export interface Permit {
  success(): void;
  failure(): void;
  cancel(): void;
}

export type BreakerStatus = 'CLOSED' | 'OPEN' | 'HALF_OPEN';

/** OPEN lasts until somebody asks after `reopensAt` (clock of `now`, ms), so that may lie in the past. */
export type BreakerSnapshot =
  | { readonly status: 'CLOSED' | 'HALF_OPEN'; readonly failures: number; readonly threshold: number }
  | {
      readonly status: 'OPEN';
      readonly failures: number;
      readonly threshold: number;
      readonly reopensAt: number;
    };

export interface BreakerChange {
  readonly from: BreakerStatus;
  readonly state: BreakerSnapshot;
}

export interface CircuitBreakerOptions {
  /** Belongs to this breaker alone: it holds the counts. */
  readonly rule: TripRule;
  /** From a trip to the first probe; [1, 86 400 000], default 60 000. */
  readonly resetMs?: number;
  /** Permits at a time while half open; [1, 100], default 1. */
  readonly probes?: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Must not throw. */
  readonly onChange?: (change: BreakerChange) => void;
}

/** A server that restarts needs about a minute; sooner, probes only add load while it starts. */
const DEFAULT_RESET_MS = 60_000;
/** Above a day a breaker is a switch that somebody forgot. */
const MAX_RESET_MS = 86_400_000;
/** One is enough to learn that the other side answers; more would hit a server that has just come up. */
const DEFAULT_PROBES = 1;
const MAX_PROBES = 100;

type State =
  | { readonly status: 'CLOSED' }
  | { readonly status: 'OPEN'; reopensAt: number }
  | { readonly status: 'HALF_OPEN'; expiresAt: number; out: number; successes: number };

type Outcome = 'success' | 'failure' | 'cancel';

export function createCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  return new PermitBreaker(options);
}

class PermitBreaker implements CircuitBreaker {
  readonly #rule: TripRule;
  readonly #now: () => number;
  readonly #onChange: ((change: BreakerChange) => void) | undefined;
  readonly #resetMs: number;
  readonly #probes: number;
  #state: State = { status: 'CLOSED' };

  constructor(options: CircuitBreakerOptions) {
    this.#rule = options.rule;
    this.#now = options.now;
    this.#onChange = options.onChange;
    this.#resetMs = integerIn('resetMs', options.resetMs ?? DEFAULT_RESET_MS, [1, MAX_RESET_MS]);
    this.#probes = integerIn('probes', options.probes ?? DEFAULT_PROBES, [1, MAX_PROBES]);
  }

  get state(): BreakerSnapshot {
    const counts = { failures: this.#rule.failures, threshold: this.#rule.threshold };
    return this.#state.status === 'OPEN'
      ? { status: 'OPEN', ...counts, reopensAt: this.#state.reopensAt }
      : { status: this.#state.status, ...counts };
  }

  tryAcquire(): Permit | null {
    if (this.#state.status === 'CLOSED') return this.#permit(this.#state);
    const at = this.#now();
    if (this.#mayProbe(this.#state, at)) {
      this.#enter({ status: 'HALF_OPEN', expiresAt: at + this.#resetMs, out: 0, successes: 0 });
    }
    const state = this.#state;
    if (state.status !== 'HALF_OPEN' || state.out + state.successes >= this.#probes) return null; // (B4)
    state.out += 1;
    return this.#permit(state);
  }

  /** True when a new half-open state may start: the reset time is over (B1), or its probes are lost (B5). */
  #mayProbe(state: Exclude<State, { status: 'CLOSED' }>, at: number): boolean {
    // A clock that was set back must not keep the circuit open for longer than one reset time.
    const latest = at + this.#resetMs;
    if (state.status === 'HALF_OPEN') {
      state.expiresAt = Math.min(state.expiresAt, latest);
      return at >= state.expiresAt;
    }
    state.reopensAt = Math.min(state.reopensAt, latest);
    return at >= state.reopensAt;
  }

  #permit(given: State): Permit {
    return new OnePermit(outcome => {
      if (given === this.#state) this.#settle(given, outcome); // (B3)
    });
  }

  #settle(state: State, outcome: Outcome): void {
    switch (state.status) {
      case 'CLOSED':
        if (outcome === 'success') this.#rule.recordSuccess();
        else if (outcome === 'failure' && this.#rule.recordFailure()) this.#trip();
        return;
      case 'HALF_OPEN':
        state.out -= 1;
        if (outcome === 'failure') {
          this.#rule.recordFailure();
          this.#trip(); // (B4)
        } else if (outcome === 'success') {
          state.successes += 1;
          if (state.successes >= this.#probes) this.#close(); // (B4)
        }
        return;
      case 'OPEN': // gives no permits (B1)
        return;
      default: {
        const never: never = state;
        return never;
      }
    }
  }

  #trip(): void {
    this.#enter({ status: 'OPEN', reopensAt: this.#now() + this.#resetMs });
  }

  #close(): void {
    this.#rule.reset();
    this.#enter({ status: 'CLOSED' });
  }

  #enter(next: State): void {
    const from = this.#state.status;
    this.#state = next;
    if (from !== next.status) this.#onChange?.({ from, state: this.state }); // (B6)
  }
}

/** One object with one closure: a permit is made for every event. */
class OnePermit implements Permit {
  #report: ((outcome: Outcome) => void) | null;

  constructor(report: (outcome: Outcome) => void) {
    this.#report = report;
  }

  success(): void {
    this.#end('success');
  }

  failure(): void {
    this.#end('failure');
  }

  cancel(): void {
    this.#end('cancel');
  }

  #end(outcome: Outcome): void {
    const report = this.#report;
    this.#report = null; // (B2)
    report?.(outcome);
  }
}
