import type { MetricFactory } from '@ackline/runtime/metric-factory';
import type { RedisConnection } from '@ackline/runtime/redis/connect-redis';
import type { RateLimitStats } from '../limits/rate-limits.ts';
import type { SeenCache } from '../seen/seen-memory.ts';

export interface WatchedGuards {
  readonly redis: Pick<RedisConnection, 'getStats'> | null;
  readonly seen: Pick<SeenCache, 'getStats'>;
  readonly limits: { getStats(): RateLimitStats };
}

/** What stands between a verified event and the log, as it is when it is asked. */
export function registerGuardFigures(metrics: MetricFactory, { redis, seen, limits }: WatchedGuards): void {
  metrics.read('seenHits', () => {
    const { hits } = seen.getStats();
    return [
      [{ tier: 'memory' }, hits.memory],
      ...(redis === null ? [] : [[{ tier: 'redis' }, hits.redis] as const]),
    ];
  });
  metrics.read('seenMisses', () => seen.getStats().misses);
  metrics.read('seenEntries', () => seen.getStats().size);
  metrics.read('limitHits', () => {
    const { rejected, deferred } = limits.getStats();
    return [
      [{ verdict: 'rejected' }, rejected],
      [{ verdict: 'deferred' }, deferred],
    ];
  });
  metrics.read('redisConnected', () => (redis === null ? null : Number(redis.getStats().connected)));
  metrics.read('redisUnansweredCalls', () => {
    if (redis === null) return [];
    const { timeouts, errors, skipped } = redis.getStats();
    return [
      [{ reason: 'timeout' }, timeouts],
      [{ reason: 'error' }, errors],
      [{ reason: 'skipped' }, skipped],
    ];
  });
}
