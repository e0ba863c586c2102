/** Whether the request is proven at this time, within this tolerance. */
export type ProvenAt = (now: number, toleranceMs: number) => boolean;

/** Over any time that a header can hold, and exact. */
export const ANY_TOLERANCE_MS = Number.MAX_SAFE_INTEGER;

/**
 * How long before `now` the request was signed, in milliseconds; negative: after it; null: it is not proven at any time. Found by
 * asking, since each provider has its own place and form for the time: about sixty questions for a year, some forty for minutes. Yields
 * between two of them.
 */
export function* signedSkewMs(isProven: ProvenAt, now: number): Generator<void, number | null> {
  let outside = -1;
  let within = 1_000;
  while (!isProven(now, within)) {
    yield;
    outside = within;
    if (within === ANY_TOLERANCE_MS) return null;
    within = Math.min(within * 2, ANY_TOLERANCE_MS);
  }
  while (within - outside > 1) {
    yield;
    const middle = outside + Math.ceil((within - outside) / 2);
    if (isProven(now, middle)) within = middle;
    else outside = middle;
  }
  yield;
  return within === 0 || isProven(now - within, 0) ? within : -within;
}
