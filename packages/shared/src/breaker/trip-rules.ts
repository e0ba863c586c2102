import { integerIn } from '../integer-in.ts';

/** Decides when a closed breaker opens. It holds counts only: no clock, no state of the circuit. */
export interface TripRule {
  /** Shown beside `failures`: the breaker trips when the one reaches the other. */
  readonly threshold: number;
  readonly failures: number;
  recordSuccess(): void;
  /** True when the circuit should open now. */
  recordFailure(): boolean;
  reset(): void;
}

/** Ten in a row: enough that one lost connection of a pool does not open the circuit, few enough to be found in a second of load. */
const DEFAULT_FAILURE_THRESHOLD = 10;

/** Keeps the count an exact integer, and a mistyped threshold from switching the breaker off. */
const MAX_FAILURE_THRESHOLD = 1_000_000;

/** Trips on the `threshold`-th failure in a row; any success starts the count again. */
export function consecutiveFailures(threshold: number = DEFAULT_FAILURE_THRESHOLD): TripRule {
  integerIn('threshold', threshold, [1, MAX_FAILURE_THRESHOLD]);
  let failures = 0;
  return {
    threshold,
    get failures() {
      return failures;
    },
    recordSuccess() {
      failures = 0;
    },
    recordFailure() {
      failures = Math.min(failures + 1, MAX_FAILURE_THRESHOLD);
      return failures >= threshold;
    },
    reset() {
      failures = 0;
    },
  };
}
