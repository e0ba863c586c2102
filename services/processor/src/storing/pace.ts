import { setImmediate as nextTurn } from 'node:timers/promises';

/** What else the process does (heartbeats, attempts, other lanes) is held up no longer by one that computes, but for a step of its own. */
const SLICE_MS = 20;
/** Of one transaction: PostgreSQL ends a session that stands still in one for 5 s, and other lanes compute on the same loop meanwhile. */
const BUDGET_MS = 1_000;

/** How long work that computes goes on, and when it lets others have their turn. */
export interface Pace {
  /** It went on for as long as one transaction may. */
  readonly isSpent: boolean;
  /** It is time to `rest`. */
  readonly isDue: boolean;
  rest(): Promise<void>;
}

/** `rest`: what lets others have their turn; default: the loop goes round once. */
export function createPace(
  rest: () => Promise<unknown> = nextTurn,
  now: () => number = () => performance.now(),
): Pace {
  const startedAt = now();
  let sliceAt = startedAt;
  return {
    get isSpent() {
      return now() - startedAt >= BUDGET_MS;
    },
    get isDue() {
      return now() - sliceAt >= SLICE_MS;
    },
    async rest() {
      await rest();
      sliceAt = now();
    },
  };
}
