/** All values of a run, and what part of them lies under which value. */
export interface LatencySample {
  add(ms: number): void;
  /** `fraction` in [0, 1]; NaN without values. */
  quantile(fraction: number): number;
}

/** An hour at a thousand a second. */
const MAX_VALUES = 4_000_000;

export function createSample(): LatencySample {
  const values: number[] = [];
  let sorted: Float64Array | null = null;
  return {
    add(ms) {
      if (values.length >= MAX_VALUES) throw new Error(`more than ${MAX_VALUES} values`);
      values.push(ms);
      sorted = null;
    },
    quantile(fraction) {
      sorted ??= Float64Array.from(values).sort();
      return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN;
    },
  };
}
