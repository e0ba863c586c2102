import type { RateConfig } from '@ackline/shared/config/types';

/**
 * When attempts of a destination began, so that no more begin within any time of `perMs` than its `rate` allows: exact, and for
 * as many times in memory as that is.
 */
export interface RateGate {
  /** From now on; what began before counts. */
  configure(rate: RateConfig | null): void;
  /** How many more may begin now in this processor's share of the rate. Where none may, it says once when some may again. */
  free(share: (max: number) => number): number;
  /** One begins; returns its mark. */
  begin(): number;
  /** The one with this mark was not made. */
  giveBack(mark: number): void;
}

export interface RateGateDeps {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** There was no room, and there is some now. */
  readonly onFree: () => void;
}

export function createRateGate(given: RateConfig | null, { now, onFree }: RateGateDeps): RateGate {
  let rate = given;
  let times: number[] = [];
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
      const free = Math.max(0, max - times.length);
      // With fewer than before allowed, the oldest ones have to go first.
      const freed = times[times.length - max];
      if (free === 0 && freed !== undefined) tellAfter(Math.ceil(freed - since));
      return free;
    },
    begin() {
      const at = now();
      if (rate === null) times = [];
      else times.push(at);
      return at;
    },
    giveBack(mark) {
      const index = times.lastIndexOf(mark);
      if (index >= 0) times.splice(index, 1);
    },
  };
}
