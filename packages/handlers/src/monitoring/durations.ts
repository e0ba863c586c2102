import type { DurationCounts } from '../thread/figures.ts';

/** What is faster is not told apart. */
const FIRST_BOUND_MS = 0.25;
/** Buckets until a duration has doubled: a percentile is at most a fifth too high. */
const BUCKETS_PER_DOUBLING = 4;
/** Longer than any attempt. */
const LAST_BUCKET = 96;

/** The bucket that a duration is counted in; its bound is the longest one there. */
export function bucketOf(ms: number): number {
  const bucket = Math.ceil(Math.log2(Math.max(ms, FIRST_BOUND_MS) / FIRST_BOUND_MS) * BUCKETS_PER_DOUBLING);
  return Math.min(bucket, LAST_BUCKET);
}

export function boundOf(bucket: number): number {
  return FIRST_BOUND_MS * 2 ** (bucket / BUCKETS_PER_DOUBLING);
}

export function addCounts(one: DurationCounts, other: DurationCounts): DurationCounts {
  const sums = new Map(one);
  for (const [bucket, count] of other) sums.set(bucket, (sums.get(bucket) ?? 0) + count);
  return [...sums].sort(([a], [b]) => a - b);
}

/** So that the part (0.95) of all took no longer; null: there are none. `counts` in the order of their buckets. */
export function percentileMs(counts: DurationCounts, part: number): number | null {
  const wanted = Math.max(1, Math.ceil(part * counts.reduce((sum, [, count]) => sum + count, 0)));
  let seen = 0;
  for (const [bucket, count] of counts) {
    seen += count;
    if (seen >= wanted) return boundOf(bucket);
  }
  return null;
}
