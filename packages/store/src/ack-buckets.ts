/**
 * Upper bounds of the times that `source_totals` counts answers by, in milliseconds, and one bucket more for what takes longer: close
 * enough that a percentile between two of them is off by a fifth at most. Rows of all releases are added up place by place, so a bound
 * is never changed or put between two.
 */
export const ACK_BOUNDS_MS: readonly number[] = [
  0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1_024, 1_536,
  2_048, 3_072, 4_096, 6_144, 8_192,
];

export const ACK_BUCKETS = ACK_BOUNDS_MS.length + 1;

/** `part`: of 1. Between the bounds of its bucket in proportion; of what is over the last bound, that bound. null: there are none. */
export function ackPercentile(counts: readonly number[], part: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const wanted = total * part;
  let below = 0;
  for (const [place, bound] of ACK_BOUNDS_MS.entries()) {
    const count = counts[place] ?? 0;
    if (count > 0 && below + count >= wanted) {
      const from = ACK_BOUNDS_MS[place - 1] ?? 0;
      return from + ((bound - from) * (wanted - below)) / count;
    }
    below += count;
  }
  return ACK_BOUNDS_MS.at(-1) ?? null;
}
