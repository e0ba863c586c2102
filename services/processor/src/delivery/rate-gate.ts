import type { RateConfig } from '@ackline/shared/config/types';
import { createRecentTimes } from './recent-times.ts';

/**
 * When attempts of a destination began, so that no more begin within any time of `perMs` than this processor's share of its `rate`
 * allows: exact, and for as many times in memory as that is.
 *
 * R1. One more is reserved only where it, what is reserved and what has begun within `perMs`, here or with others (R3), fit into the
 *     share. So what a share loses, it loses at once; what it has too much by then ends by itself.
 * R2. One that is reserved has its room until it begins, however long its commit or its transform takes.
 * R3. What the share has grown by was another's until now, who may have used it up a moment ago: so many count as begun now. When it
 *     is lost again, they go first: who has it then counts them.
 */
export interface RateGate {
  /** From now on; what began before counts. */
  configure(rate: RateConfig | null): void;
  setShare(share: Share): void;
  /** How many more may be reserved now. Where none may, it says once when some may again. */
  readonly free: number;
  /** One is to begin. */
  reserve(): RateRoom;
}

export interface RateRoom {
  /** Its request goes out now. */
  begin(): void;
  /** It ended. What did not begin does not count. */
  leave(): void;
}

/** This processor's part of so many. */
export type Share = (max: number) => number;

/** So long what others may have begun counts at most: with a longer `perMs` a restart of some processors would stop all for that. */
const OTHERS_COUNT_MS = 60_000;

export interface RateGateDeps {
  /** Until another is set; null: none, and nobody else has it. */
  readonly share: Share | null;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** There was no room, and there is some now. */
  readonly onFree: () => void;
}

export function createRateGate(given: RateConfig | null, deps: RateGateDeps): RateGate {
  const { now, onFree } = deps;
  let { share } = deps;
  let rate = given;
  const begun = createRecentTimes();
  const others = createRecentTimes();
  let reserved = 0;
  let timer: NodeJS.Timeout | null = null;

  function tellAfter(ms: number): void {
    if (timer !== null) return;
    timer = setTimeout(() => {
      timer = null;
      if (countFree() > 0) onFree();
    }, ms).unref();
  }

  function grow(by: number, perMs: number): void {
    if (by > 0) others.add(now() - Math.max(0, perMs - OTHERS_COUNT_MS), by);
    else others.dropNewest(-by);
  }

  function countFree(): number {
    if (rate === null) return Number.POSITIVE_INFINITY;
    const max = share?.(rate.max) ?? 0;
    const since = now() - rate.perMs;
    begun.forget(since);
    others.forget(since);
    const over = begun.count + others.count + reserved - max; // (R1)
    if (over < 0) return -over;
    const next = Math.min(begun.oldest ?? now(), others.oldest ?? now()); // what is reserved begins now at the earliest
    if (max > 0) tellAfter(Math.ceil(next - since));
    return 0;
  }

  return {
    configure(next) {
      rate = next;
    },
    setShare(next) {
      if (share !== null && rate !== null) grow(next(rate.max) - share(rate.max), rate.perMs); // (R3)
      share = next;
    },
    get free() {
      return countFree();
    },
    reserve() {
      let isReserved = true;
      reserved += 1;
      const leave = () => {
        if (isReserved) reserved -= 1;
        isReserved = false;
      };
      return {
        begin() {
          if (!isReserved) return;
          leave();
          if (rate === null) begun.forget(now());
          else begun.add(now());
        },
        leave,
      };
    },
  };
}
