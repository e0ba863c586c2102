import { type BreakerSnapshot, createCircuitBreaker } from '../breaker/circuit-breaker.ts';
import { consecutiveFailures } from '../breaker/trip-rules.ts';
import { type CacheEntry, decodeEntry, encodeEntry } from './cache-entry.ts';

/** What the cache needs of a Redis client. A call may ignore the signal: its late answer is then ignored. */
export interface RedisPort {
  get(key: string, signal: AbortSignal): Promise<Uint8Array | null>;
  set(key: string, value: Uint8Array, ttlMs: number, signal: AbortSignal): Promise<void>;
  delete(key: string, signal: AbortSignal): Promise<void>;
}

/** Redis answers within one on a healthy network; a cache that takes longer costs more than the work that it saves. */
export const REDIS_TIMEOUT_MS = 20;

export interface RedisTier {
  /** null: there is none, or Redis could not say. */
  get(key: string): Promise<CacheEntry | null>;
  /** True when Redis has confirmed. */
  set(key: string, entry: CacheEntry, ttlMs: number): Promise<boolean>;
  delete(key: string): Promise<boolean>;
  getStats(): RedisTierStats;
}

export interface RedisTierStats {
  readonly timeouts: number;
  readonly errors: number;
  /** Calls that were not made since the circuit was open. */
  readonly skipped: number;
  readonly breaker: BreakerSnapshot;
}

export interface RedisTierOptions {
  readonly port: RedisPort;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** A signal that aborts after so many milliseconds; `AbortSignal.timeout` by default. */
  readonly timeoutSignal?: (ms: number) => AbortSignal;
}

/** Redis behind a time limit and a circuit breaker. No call of it rejects, and none takes longer than the limit. */
export function createRedisTier(options: RedisTierOptions): RedisTier {
  const { port, now } = options;
  const timeoutSignal = options.timeoutSignal ?? (ms => AbortSignal.timeout(ms));
  const breaker = createCircuitBreaker({ rule: consecutiveFailures(), now });
  let timeouts = 0;
  let errors = 0;
  let skipped = 0;

  async function attempt<Result>(
    call: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result | typeof failed> {
    const permit = breaker.tryAcquire();
    if (permit === null) {
      skipped += 1;
      return failed;
    }
    const signal = timeoutSignal(REDIS_TIMEOUT_MS);
    try {
      const result = await unlessAborted(call(signal), signal);
      permit.success();
      return result;
    } catch {
      if (signal.aborted) timeouts += 1;
      else errors += 1;
      permit.failure();
      return failed;
    }
  }

  return {
    async get(key) {
      const bytes = await attempt(signal => port.get(key, signal));
      return bytes === failed || bytes === null ? null : decodeEntry(bytes);
    },
    async set(key, entry, ttlMs) {
      return (await attempt(signal => port.set(key, encodeEntry(entry), ttlMs, signal))) !== failed;
    },
    async delete(key) {
      return (await attempt(signal => port.delete(key, signal))) !== failed;
    },
    getStats: () => ({ timeouts, errors, skipped, breaker: breaker.state }),
  };
}

const failed = Symbol('failed');

/** Rejects as soon as the signal aborts, whatever the promise does later. */
function unlessAborted<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new Error('aborted'));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
