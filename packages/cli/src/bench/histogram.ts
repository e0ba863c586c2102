/** Each about twice the one before. */
const BOUNDS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000] as const;
const BAR_CHARS = 32;
const LABEL_CHARS = 10;

export interface Bucket {
  /** null: all that is longer. */
  readonly underMs: number | null;
  readonly count: number;
}

/** From the first bucket that has something to the last one; `sorted` ascending. */
export function histogramOf(sorted: Float64Array): readonly Bucket[] {
  const bounds = [...BOUNDS_MS, null];
  const counts = bounds.map(() => 0);
  for (const ms of sorted) {
    const found = BOUNDS_MS.findIndex(bound => ms < bound);
    const index = found === -1 ? BOUNDS_MS.length : found;
    counts[index] = (counts[index] ?? 0) + 1;
  }
  const first = counts.findIndex(count => count > 0);
  const last = counts.findLastIndex(count => count > 0);
  if (first === -1) return [];
  return bounds.map((underMs, index) => ({ underMs, count: counts[index] ?? 0 })).slice(first, last + 1);
}

/** A line a bucket. What is not empty has a bar of one character at least. */
export function histogramLines(buckets: readonly Bucket[], format: (count: number) => string): string[] {
  const most = Math.max(1, ...buckets.map(({ count }) => count));
  const shown = buckets.map(({ count }) => format(count));
  const width = Math.max(0, ...shown.map(text => text.length));
  return buckets.map(({ underMs, count }, index) => {
    const bar = '█'.repeat(Math.ceil((count / most) * BAR_CHARS));
    return `${label(underMs).padEnd(LABEL_CHARS)}${(shown[index] ?? '').padStart(width)}  ${bar}`.trimEnd();
  });
}

function label(underMs: number | null): string {
  if (underMs === null) return '≥ 10 s';
  return underMs < 1_000 ? `< ${underMs} ms` : `< ${underMs / 1_000} s`;
}
