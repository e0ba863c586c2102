import { type CacheFigures, lookupsOf } from '@ackline/handlers/monitoring/processor-figures';
import type { CallTally, PerformanceFigures } from '@ackline/runtime/performance-report';
import type { Pool } from 'pg';
import type { HandlerThreads } from './delivery/sending/delivery-sender.ts';
import type { ProcessorMetrics } from './metrics.ts';

/** An attempt is a call of somebody's API; of a handler it is none, but what the handler calls is. */
export function withCalls(
  metrics: ProcessorMetrics,
  { calls, isHandler }: { readonly calls: CallTally; readonly isHandler: (destination: string) => boolean },
): ProcessorMetrics {
  return {
    ...metrics,
    attempted(destination, attempt, of) {
      if (!isHandler(destination)) calls.add(attempt.ms);
      metrics.attempted(destination, attempt, of);
    },
  };
}

export interface MeasuredParts {
  /** Of attempts. */
  readonly calls: Pick<CallTally, 'count' | 'totalMs'>;
  readonly handlers: readonly (Pick<HandlerThreads, 'figures'> & { readonly cache: CacheFigures | null })[];
  readonly pool: Pick<Pool, 'totalCount' | 'idleCount'>;
  readonly poolMax: number;
  /** Of this process. */
  readonly memoryBytes: number;
}

/** The calls of attempts and handlers, and the memory of all their processes; with handlers, their connections are told in place of PostgreSQL's. */
export function measuredPerformance(parts: MeasuredParts): PerformanceFigures {
  const { calls, pool, poolMax, memoryBytes } = parts;
  const handlers = parts.handlers.map(({ figures }) => figures);
  const lookups = parts.handlers.map(({ cache }) => lookupsOf(cache));
  const made = handlers.flatMap(({ http }) => http.calls);
  const over = <Row>(rows: readonly Row[], read: (row: Row) => number) =>
    rows.reduce((sum, row) => sum + read(row), 0);
  return {
    calls: {
      count: calls.count + over(made, ({ count }) => count),
      totalMs: calls.totalMs + over(made, ({ totalMs }) => totalMs),
    },
    cache:
      handlers.length === 0
        ? null
        : {
            hits: over(lookups, ({ hits }) => hits),
            misses: over(lookups, ({ misses }) => misses),
          },
    memoryBytes: memoryBytes + over(handlers, figures => figures.memoryBytes),
    connections:
      handlers.length === 0
        ? { active: pool.totalCount - pool.idleCount, max: poolMax }
        : {
            active: over(handlers, ({ http }) => http.active),
            max: over(handlers, ({ http }) => http.limit),
          },
  };
}
