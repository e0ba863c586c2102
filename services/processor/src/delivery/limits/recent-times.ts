/** Times in the order in which they came, the oldest forgotten first: in place, since a destination may have 100,000 of them. */
export interface RecentTimes {
  readonly count: number;
  readonly oldest: number | undefined;
  add(at: number, count?: number): void;
  /** Those up to then. */
  forget(until: number): void;
  dropNewest(count: number): void;
}

/** So many forgotten ones are kept, and as many as are remembered: then what is left moves to the front, rarely. */
const MAX_FORGOTTEN = 1_000;

export function createRecentTimes(): RecentTimes {
  const all: number[] = [];
  let first = 0;

  return {
    get count() {
      return all.length - first;
    },
    get oldest() {
      return all[first];
    },
    add(at, count = 1) {
      for (let n = 0; n < count; n++) all.push(at);
    },
    forget(until) {
      while (first < all.length && (all[first] ?? until) <= until) first += 1;
      if (first <= Math.max(MAX_FORGOTTEN, all.length / 2)) return;
      all.splice(0, first);
      first = 0;
    },
    dropNewest(count) {
      all.length = Math.max(first, all.length - count);
    },
  };
}
