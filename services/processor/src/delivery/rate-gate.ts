import type { RateConfig } from '@ackline/shared/config/types';

/**
 * When attempts of a destination began, so that no more begin within any time of `perMs` than its `rate` allows: exact, and for
 * as many times in memory as that is. One that is reserved has its room until it begins, however long its commit or its transform
 * takes.
 */
export interface RateGate {
  /** From now on; what began before counts. */
  configure(rate: RateConfig | null): void;
  /** How many more may be reserved now in this processor's share of the rate. Where none may, it says once when some may again. */
  free(share: Share): number;
  /** One is to begin. */
  reserve(): RateRoom;
  /** What this processor's share has grown by was another's until now, who may have used it up a moment ago. */
  takeOver(from: Share, to: Share): void;
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
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** There was no room, and there is some now. */
  readonly onFree: () => void;
}

export function createRateGate(given: RateConfig | null, { now, onFree }: RateGateDeps): RateGate {
  let rate = given;
  /** In order. */
  let times: number[] = [];
  let reserved = 0;
  let timer: NodeJS.Timeout | null = null;

  function tellAfter(ms: number): void {
    if (timer !== null) return;
    timer = setTimeout(() => {
      timer = null;
      onFree();
    }, ms).unref();
  }

  return {
    configure(next) {
      rate = next;
    },
    free(share) {
      if (rate === null) return Number.POSITIVE_INFINITY;
      const max = share(rate.max);
      const since = now() - rate.perMs;
      const first = times.findIndex(at => at > since);
      if (first !== 0) times = first < 0 ? [] : times.slice(first);
      const over = times.length + reserved - max;
      if (over < 0) return -over;
      // With fewer than before allowed, the oldest ones have to go first. Reserved ones begin now at the earliest.
      if (max > 0) tellAfter(Math.ceil((times[over] ?? now()) - since));
      return 0;
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
          if (rate === null) times = [];
          else times.push(now());
        },
        leave,
      };
    },
    takeOver(from, to) {
      if (rate === null) return;
      const grown = Math.max(0, to(rate.max) - from(rate.max));
      const at = now() - Math.max(0, rate.perMs - OTHERS_COUNT_MS);
      times = [...times, ...Array<number>(grown).fill(at)].sort((a, b) => a - b);
    },
  };
}
