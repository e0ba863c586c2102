import { randomUUID } from 'node:crypto';

/** Longer than a call of another's API may take; whoever has not brought a value by then has no right to be waited for. */
export const LEASE_MS = 35_000;

/** Who may make the value of a key, in this process. */
export interface CacheLeases {
  /** null: another has it. */
  take(key: string): string | null;
  /** Resolves once nobody has the key's, by whatever it ends, or when the signal aborts. */
  untilFree(key: string, signal: AbortSignal): Promise<void>;
  /** True where it was that one's. */
  end(key: string, lease: string): boolean;
}

interface Held {
  readonly lease: string;
  readonly ended: PromiseWithResolvers<void>;
  readonly timer: NodeJS.Timeout;
}

export function createCacheLeases({ leaseMs = LEASE_MS }: { readonly leaseMs?: number } = {}): CacheLeases {
  const held = new Map<string, Held>();

  function end(key: string, lease: string): boolean {
    const known = held.get(key);
    if (known?.lease !== lease) return false;
    held.delete(key);
    clearTimeout(known.timer);
    known.ended.resolve();
    return true;
  }

  return {
    end,
    take(key) {
      if (held.has(key)) return null;
      const lease = randomUUID();
      const timer = setTimeout(() => end(key, lease), leaseMs).unref();
      held.set(key, { lease, ended: Promise.withResolvers(), timer });
      return lease;
    },
    async untilFree(key, signal) {
      const known = held.get(key);
      if (known === undefined || signal.aborted) return;
      const { promise: aborted, resolve } = Promise.withResolvers<void>();
      const onAbort = () => resolve();
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        await Promise.race([known.ended.promise, aborted]);
      } finally {
        signal.removeEventListener('abort', onAbort);
      }
    },
  };
}
