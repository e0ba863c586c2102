import { lookupsOf } from '@ackline/handlers/monitoring/processor-figures';
import type { ThreadEnd } from '@ackline/handlers/thread/protocol';
import type { MetricFactory } from '@ackline/runtime/metric-factory';
import type { RedisConnection } from '@ackline/runtime/redis/connect-redis';
import type { HandlerThreads } from '../delivery/sending/delivery-sender.ts';
import { failureOf } from '../delivery/sending/handler-sender.ts';
import type { CacheService } from './cache-service.ts';
import type { OnceResult } from './once-service.ts';
import type { OnceTally } from './once-tally.ts';

const ONCE_RESULTS: readonly OnceResult[] = ['claimed', 'kept', 'uncertain', 'busy'];
const THREAD_ENDS: readonly (ThreadEnd | 'timeout')[] = ['timeout', 'memory', 'exit', 'exception'];

export interface WatchedHandlers {
  /** Of the destinations that are configured, by name. */
  readonly threads: () => readonly (readonly [destination: string, threads: HandlerThreads])[];
  readonly once: OnceTally;
  readonly cache: Pick<CacheService, 'figuresOf'>;
  /** null: no handler has needed it yet, or there is none. */
  readonly redis: () => Pick<RedisConnection, 'getStats'> | null;
}

/** What handlers are and do, as it is when it is asked. */
export function registerHandlerFigures(metrics: MetricFactory, watched: WatchedHandlers): void {
  const { threads, once, cache } = watched;
  const each = (read: (threads: HandlerThreads, destination: string) => number) =>
    threads().map(([destination, one]) => [{ destination }, read(one, destination)] as const);

  metrics.read('handlerReady', () => each(({ state }) => Number(state.kind === 'ready')));
  metrics.read('handlerOutdated', () => each(({ state }) => Number(failureOf(state) !== null)));
  metrics.read('handlerThreads', () => each(({ figures }) => figures.threads));
  metrics.read('handlerThreadEnds', () =>
    threads().flatMap(([destination, { figures }]) =>
      THREAD_ENDS.map(reason => [{ destination, reason }, figures.ended[reason]] as const),
    ),
  );
  metrics.read('handlerHeapBytes', () => each(({ figures }) => figures.heapBytes));
  metrics.read('handlerOnce', () =>
    threads().flatMap(([destination]) =>
      ONCE_RESULTS.map(result => [{ destination, result }, once.of(destination, result)] as const),
    ),
  );
  metrics.read('handlerCacheLookups', () =>
    threads().flatMap(([destination]) => {
      const { hits, misses } = lookupsOf(cache.figuresOf(destination));
      return [
        [{ destination, result: 'hit' }, hits] as const,
        [{ destination, result: 'miss' }, misses] as const,
      ];
    }),
  );
  metrics.read('handlerCacheEntries', () =>
    each((_, destination) => cache.figuresOf(destination)?.entries ?? 0),
  );
  metrics.read('handlerHttpConnections', () => each(({ figures }) => figures.http.active));
  metrics.read('handlerHttpLimit', () => each(({ figures }) => figures.http.limit));
  metrics.read('handlerHttpCalls', () =>
    threads().flatMap(([destination, one]) => callsOf(destination, one)),
  );
  watchRedis(metrics, watched);
}

/** Without the origins: a handler may call what its events name. */
function callsOf(destination: string, { figures }: HandlerThreads) {
  const counts = new Map<string, number>();
  for (const { outcome, count } of figures.http.calls) {
    counts.set(outcome, (counts.get(outcome) ?? 0) + count);
  }
  return [...counts].map(([outcome, count]) => [{ destination, outcome }, count] as const);
}

function watchRedis(metrics: MetricFactory, { redis }: Pick<WatchedHandlers, 'redis'>): void {
  metrics.read('redisConnected', () => {
    const connection = redis();
    return connection === null ? null : Number(connection.getStats().connected);
  });
  metrics.read('redisUnansweredCalls', () => {
    const stats = redis()?.getStats();
    if (stats === undefined) return [];
    return [
      [{ reason: 'timeout' }, stats.timeouts],
      [{ reason: 'error' }, stats.errors],
      [{ reason: 'skipped' }, stats.skipped],
    ];
  });
}
