import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import { type CallTally, createPerformanceReport } from '@ackline/runtime/performance-report';
import type { Pool } from 'pg';
import type { ProcessorMetrics } from './metrics.ts';

/** An attempt is a call of somebody's API. */
export function withCalls(metrics: ProcessorMetrics, calls: CallTally): ProcessorMetrics {
  return {
    ...metrics,
    attempted(destination, attempt) {
      calls.add(attempt.ms);
      metrics.attempted(destination, attempt);
    },
  };
}

export interface HourlyReportDeps {
  /** Of handlers; null: there are none. */
  readonly cache: () => { readonly hits: number; readonly misses: number } | null;
  readonly pool: Pick<Pool, 'totalCount' | 'idleCount'>;
  readonly poolMax: number;
  readonly log: Logger;
}

export function createHourlyReport(
  calls: CallTally,
  { cache, pool, poolMax, log }: HourlyReportDeps,
): Component {
  return createPerformanceReport({
    read: () => ({
      calls: { count: calls.count, totalMs: calls.totalMs },
      cache: cache(),
      memoryBytes: process.memoryUsage.rss(),
      connections: { active: pool.totalCount - pool.idleCount, max: poolMax },
    }),
    log,
  });
}
