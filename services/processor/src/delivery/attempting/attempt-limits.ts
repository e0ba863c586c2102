/**
 * Bounds attempts: each has a time of its own, and all end with the process. One timer and one controller an attempt:
 * `AbortSignal.any` and `.timeout` make weak references, which cost more than its signature.
 */
export interface AttemptLimits {
  /** Does the work with a signal that aborts after so long (`TimeoutError`), or with the process (`AbortError`). */
  bounded<T>(timeoutMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Aborts what is under way, and what begins later. */
  stop(): void;
}

export function createAttemptLimits(): AttemptLimits {
  const underWay = new Set<AbortController>();
  let stopped = false;
  return {
    async bounded(timeoutMs, work) {
      const limit = new AbortController();
      if (stopped) limit.abort();
      const timer = setTimeout(() => limit.abort(new DOMException('too long', 'TimeoutError')), timeoutMs);
      underWay.add(limit);
      try {
        return await work(limit.signal);
      } finally {
        clearTimeout(timer);
        underWay.delete(limit);
      }
    },
    stop() {
      stopped = true;
      for (const limit of underWay) limit.abort();
    },
  };
}
