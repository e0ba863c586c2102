/** So that who tries something by hand finds each try. */
const OF_A_REASON = 10;
/** Of one process, of all sources: what a flood costs beside its answers. */
const OF_A_MINUTE = 60;
const MINUTE_MS = 60_000;

/** Picks the first requests of each minute, so many of each source and reason and so many in all. */
export interface RejectedSample {
  takes(source: string, reason: string): boolean;
}

/** `now`: monotonic milliseconds. */
export function createRejectedSample(now: () => number): RejectedSample {
  /** OF_A_MINUTE names at most. */
  const taken = new Map<string, number>();
  let total = 0;
  let endsAt = Number.NEGATIVE_INFINITY;

  return {
    takes(source, reason) {
      const at = now();
      if (at >= endsAt) {
        endsAt = at + MINUTE_MS;
        taken.clear();
        total = 0;
      }
      if (total >= OF_A_MINUTE) return false;
      const name = `${source} ${reason}`;
      const count = taken.get(name) ?? 0;
      if (count >= OF_A_REASON) return false;
      taken.set(name, count + 1);
      total += 1;
      return true;
    },
  };
}
