/** Who waits for a room of a rate, first come, first served. */
export interface RateQueue {
  readonly count: number;
  /** true: it has its turn; false: the signal came first. */
  wait(signal: AbortSignal): Promise<boolean>;
  /** The turn of the first one. */
  next(): void;
}

export function createRateQueue(): RateQueue {
  const waiting = new Set<() => void>();
  return {
    get count() {
      return waiting.size;
    },
    wait(signal) {
      if (signal.aborted) return Promise.resolve(false);
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const end = () => {
        signal.removeEventListener('abort', end);
        resolve(waiting.delete(end) && !signal.aborted);
      };
      signal.addEventListener('abort', end);
      waiting.add(end);
      return promise;
    },
    next() {
      const [first] = waiting;
      first?.();
    },
  };
}
