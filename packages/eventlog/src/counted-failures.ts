/**
 * (L4) Members of one batch fail with one error object: tells whether this failure was counted before. Two events of one
 * failed batch are one failure of the tier.
 */
export function createCountedFailures(): (error: unknown) => boolean {
  const counted = new WeakSet<object>();
  return error => {
    if (typeof error !== 'object' || error === null) return false;
    if (counted.has(error)) return true;
    counted.add(error);
    return false;
  };
}
