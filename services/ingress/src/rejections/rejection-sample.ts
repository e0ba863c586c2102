/** So that who tries something by hand finds each try. */
const OF_A_REASON = 10;
/** Of each source, whatever comes to the others: a flood at some hides nobody's refusals. */
const OF_A_SOURCE = 5;
/** Of one process, beyond those: with them, what a flood costs beside its answers. */
const SHARED = 60;
const MINUTE_MS = 60_000;

/** Picks the first requests of each minute: so many of each source, and beyond them so many of all together. */
export interface RejectionSample {
  takes(source: string, reason: string): boolean;
}

/** `now`: monotonic milliseconds. */
export function createRejectionSample(now: () => number): RejectionSample {
  /** By source, and by source and reason: no more names than were taken. */
  const ofSource = new Map<string, number>();
  const ofReason = new Map<string, number>();
  let shared = 0;
  let endsAt = Number.NEGATIVE_INFINITY;

  return {
    takes(source, reason) {
      const at = now();
      if (at >= endsAt) {
        endsAt = at + MINUTE_MS;
        ofSource.clear();
        ofReason.clear();
        shared = 0;
      }
      const name = `${source} ${reason}`;
      const [fromSource, forReason] = [ofSource.get(source) ?? 0, ofReason.get(name) ?? 0];
      const isShared = fromSource >= OF_A_SOURCE;
      if (forReason >= OF_A_REASON || (isShared && shared >= SHARED)) return false;
      ofSource.set(source, fromSource + 1);
      ofReason.set(name, forReason + 1);
      if (isShared) shared += 1;
      return true;
    },
  };
}
