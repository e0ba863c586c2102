import type { LimitConfig } from '@ackline/shared/config/types';
import { FAILED, type RedisGate } from '@ackline/shared/cache/redis-gate';
import { type CountedWindow, createCountedWindows } from '@ackline/shared/counted-windows';
import type { Redis } from 'ioredis';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { LimitVerdict } from '../http/webhook-ports.ts';

export interface LimitDeps {
  /** null: each process counts alone. */
  readonly redis: { readonly client: Redis; readonly gate: RedisGate } | null;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Keys that are counted in memory. */
  readonly maxKeys: number;
}

/** One limit of one source; the key is whose requests are counted together. */
export interface SourceLimit {
  readonly take: (key: string) => LimitVerdict | Promise<LimitVerdict>;
}

const WITHIN: LimitVerdict = { kind: 'within' };

/**
 * Refuses what is over: `max` requests in a window of `per`, which begins with the first request of a key. In Redis while it
 * answers. In memory, for each process alone, when it does not; and for a key that is known to be over, which then costs no
 * call. In memory the key that was seen longest ago is forgotten when there are too many: it begins a new window.
 */
export function createRefusingLimit({ max, perMs }: LimitConfig, deps: LimitDeps): SourceLimit {
  const { redis, now } = deps;
  const windows = createCountedWindows({ perMs, now, maxKeys: deps.maxKeys });
  const inRedis =
    redis === null
      ? null
      : new RateLimiterRedis({
          storeClient: redis.client,
          keyPrefix: 'ackline:limit',
          points: max,
          duration: perMs / 1_000,
          rejectIfRedisNotReady: true,
        });

  function refusal(window: CountedWindow): LimitVerdict {
    return { kind: 'reject', retryAfterS: windows.secondsLeft(window) };
  }
  function inMemory(key: string): LimitVerdict {
    const window = windows.count(key);
    return window.count > max ? refusal(window) : WITHIN;
  }
  function answered(key: string, { consumedPoints, msBeforeNext }: RateLimiterRes): LimitVerdict {
    if (consumedPoints <= max) return WITHIN;
    const leftMs = Math.min(Math.max(msBeforeNext, 1), perMs);
    const window = { count: consumedPoints, endsAt: now() + leftMs };
    windows.set(key, window);
    return refusal(window);
  }

  return {
    take(key) {
      const window = windows.running(key);
      if (window !== undefined && window.count > max) return refusal(window);
      if (redis === null || inRedis === null) return inMemory(key);
      const asked = redis.gate.ask(() => inRedis.consume(key).catch(overOrError));
      if (asked === FAILED) return inMemory(key);
      return asked.then(result => (result === FAILED ? inMemory(key) : answered(key, result)));
    },
  };
}

/** The library rejects with the result of a request that is over, and with an error for everything else. */
function overOrError(reason: unknown): RateLimiterRes {
  if (reason instanceof RateLimiterRes) return reason;
  throw reason;
}
