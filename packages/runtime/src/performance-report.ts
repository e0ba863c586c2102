import { setTimeout as delay } from 'node:timers/promises';
import type { Component } from './component.ts';
import type { Logger } from './logger.ts';

/** Calls since the start, and how long they took in all. */
export interface CallTally {
  add(ms: number): void;
  readonly count: number;
  readonly totalMs: number;
}

export function createCallTally(): CallTally {
  const sums = { count: 0, totalMs: 0 };
  return {
    add(ms) {
      sums.count += 1;
      sums.totalMs += ms;
    },
    get count() {
      return sums.count;
    },
    get totalMs() {
      return sums.totalMs;
    },
  };
}

/** What a process has counted since its start, and what it has now. */
export interface PerformanceFigures {
  readonly calls: Pick<CallTally, 'count' | 'totalMs'>;
  /** null: it has no cache. */
  readonly cache: { readonly hits: number; readonly misses: number } | null;
  readonly memoryBytes: number;
  readonly connections: { readonly active: number; readonly max: number };
}

export interface PerformanceReportDeps {
  readonly read: () => PerformanceFigures;
  readonly log: Pick<Logger, 'info'>;
  /** Resolves after an hour; rejects when the signal aborts. */
  readonly anHour?: (signal: AbortSignal) => Promise<unknown>;
}

const HOUR_MS = 3_600_000;
const BYTES_PER_MB = 1_048_576;

/** One line each hour: what the hour before it was like, in the words that bots had for it before. */
export function createPerformanceReport({
  read,
  log,
  anHour = waitAnHour,
}: PerformanceReportDeps): Component {
  return {
    name: 'performance-report',
    async run(signal) {
      let before = read();
      while (!signal.aborted) {
        await anHour(signal).catch(() => undefined);
        if (signal.aborted) return;
        const now = read();
        const fields = fieldsOf(before, now);
        log.info({ event: 'performance.reported', ...fields }, textOf(fields));
        before = now;
      }
    },
  };
}

function waitAnHour(signal: AbortSignal): Promise<unknown> {
  return delay(HOUR_MS, undefined, { signal, ref: false });
}

interface ReportFields {
  readonly calls: number;
  readonly avgCallMs: number;
  /** null: there is no cache. */
  readonly cacheHitPercent: number | null;
  readonly cachedResponses: number | null;
  readonly memoryMb: number;
  readonly activeConnections: number;
  readonly maxConnections: number;
}

function fieldsOf(before: PerformanceFigures, now: PerformanceFigures): ReportFields {
  const calls = grown(before.calls.count, now.calls.count);
  const ms = grown(before.calls.totalMs, now.calls.totalMs);
  const hits = grown(before.cache?.hits ?? 0, now.cache?.hits ?? 0);
  const lookups = hits + grown(before.cache?.misses ?? 0, now.cache?.misses ?? 0);
  return {
    calls,
    avgCallMs: calls === 0 ? 0 : Math.round(ms / calls),
    cacheHitPercent: now.cache === null ? null : percent(hits, lookups),
    cachedResponses: now.cache === null ? null : hits,
    memoryMb: Math.round(now.memoryBytes / BYTES_PER_MB),
    activeConnections: now.connections.active,
    maxConnections: now.connections.max,
  };
}

/** What was counted of a handler goes with it, where a reload takes it out. */
function grown(before: number, now: number): number {
  return Math.max(0, now - before);
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 100);
}

const NOTHING: PerformanceFigures = {
  calls: { count: 0, totalMs: 0 },
  cache: null,
  memoryBytes: 0,
  connections: { active: 0, max: 0 },
};

/** The same lines, since the start. */
export function performanceText(now: PerformanceFigures): string {
  return textOf(fieldsOf(NOTHING, now));
}

function textOf(fields: ReportFields): string {
  const { calls, avgCallMs, cacheHitPercent, cachedResponses, memoryMb } = fields;
  return [
    'Bot performance metrics:',
    `API calls: ${calls} (avg: ${avgCallMs}ms)`,
    ...(cacheHitPercent === null
      ? []
      : [`Cache hits: ${cacheHitPercent}% (${cachedResponses} cached responses)`]),
    `Memory usage: ${memoryMb}MB`,
    `Active connections: ${fields.activeConnections}/${fields.maxConnections}`,
  ].join('\n  ');
}
