import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import { type CallTally, createPerformanceReport } from '@ackline/runtime/performance-report';
import type { Pool } from 'pg';
import type { SeenCache } from '../seen/seen-memory.ts';

export interface HourReportParts {
  readonly calls: CallTally;
  readonly seen: SeenCache;
  readonly pool: { readonly all: Pick<Pool, 'totalCount' | 'idleCount'>; readonly max: number };
  readonly log: Logger;
}

/** The line of the hour in the log: answers, repeats, memory and connections. */
export function createHourReport({ calls, seen, pool, log }: HourReportParts): Component {
  return createPerformanceReport({
    read: () => {
      const { hits, misses } = seen.getStats();
      return {
        calls: { count: calls.count, totalMs: calls.totalMs },
        cache: { hits: hits.memory + hits.redis, misses },
        memoryBytes: process.memoryUsage.rss(),
        connections: { active: pool.all.totalCount - pool.all.idleCount, max: pool.max },
      };
    },
    log,
  });
}
