import type { HandlerFigures, ProcessorFigures } from '@ackline/handlers/monitoring/processor-figures';
import { processorFigures } from '@ackline/handlers/monitoring/processor-figures';
import { bucketOf } from '@ackline/handlers/monitoring/durations';
import { NO_FIGURES } from '@ackline/handlers/thread/pool-figures';
import type { MonitoredFigures, PoolFigures } from '@ackline/handlers/thread/figures';

const SINCE = Date.UTC(2026, 10, 29, 10);

/** So many calls of the same duration. */
export function called(name: string, count: number, ms: number, failures = 0): MonitoredFigures {
  return {
    name,
    count,
    failures,
    totalMs: count * ms,
    maxMs: ms,
    durations: [[bucketOf(ms), count]],
    slowest: [{ ms, at: SINCE + count }],
    heapGrowthBytes: count * 2_048,
  };
}

export function handlerFigures(
  threads: Partial<PoolFigures> = {},
  cache: HandlerFigures['cache'] = null,
): HandlerFigures {
  return { threads: { ...NO_FIGURES, threads: 1, ...threads }, cache };
}

export function apiCalls(
  origin: string,
  count: number,
  ms: number,
  outcome: '2xx' | '429' | 'error' = '2xx',
): PoolFigures['http']['calls'][number] {
  return { origin, outcome, count, totalMs: count * ms };
}

export function httpFigures(over: Partial<PoolFigures['http']>): Pick<PoolFigures, 'http'> {
  return { http: { ...NO_FIGURES.http, limit: 50, ...over } };
}

export function processor(
  handlers: Readonly<Record<string, HandlerFigures>>,
  performance: Partial<ProcessorFigures['performance']> = {},
): ProcessorFigures {
  return processorFigures({
    since: SINCE,
    handlers,
    performance: {
      calls: { count: 75, totalMs: 75 * 250 },
      cache: { hits: 60, misses: 15 },
      memoryBytes: 50 * 1_048_576,
      connections: { active: 6, max: 25 },
      ...performance,
    },
  });
}
