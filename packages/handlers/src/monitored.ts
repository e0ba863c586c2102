import { getHeapStatistics } from 'node:v8';
import { bucketOf } from './monitoring/durations.ts';
import type { MonitoredFigures } from './thread/figures.ts';

/** Names are words of the code, not of events: what comes after these is counted together. */
const MAX_NAMES = 100;
const MAX_NAME_CHARS = 64;
const OTHERS = 'other';
const SLOWEST = 10;

interface Row {
  count: number;
  failures: number;
  totalMs: number;
  maxMs: number;
  readonly durations: Map<number, number>;
  slowest: { readonly ms: number; readonly at: number }[];
  heapGrowthBytes: number;
}

/** Counts calls by names. */
export interface Monitor {
  /** Also where it fails, or where `hasFailed` says so of its result. */
  count<T>(name: string, fn: () => T | Promise<T>, hasFailed?: (result: T) => boolean): Promise<T>;
  /** Since it was made. */
  figures(): readonly MonitoredFigures[];
}

export function createMonitor(): Monitor {
  const rows = new Map<string, Row>();

  function rowOf(given: string): Row {
    const name = rows.has(given) || rows.size < MAX_NAMES ? given : OTHERS;
    const row = rows.get(name) ?? emptyRow();
    rows.set(name, row);
    return row;
  }

  return {
    async count(name, fn, hasFailed = () => false) {
      const at = Date.now();
      const startedMs = performance.now();
      const heapBefore = getHeapStatistics().used_heap_size;
      const row = rowOf(name.slice(0, MAX_NAME_CHARS));
      let failed = true;
      try {
        const result = await fn();
        failed = hasFailed(result);
        return result;
      } finally {
        const ms = performance.now() - startedMs;
        row.count += 1;
        if (failed) row.failures += 1;
        row.totalMs += ms;
        row.maxMs = Math.max(row.maxMs, ms);
        row.durations.set(bucketOf(ms), (row.durations.get(bucketOf(ms)) ?? 0) + 1);
        row.heapGrowthBytes += getHeapStatistics().used_heap_size - heapBefore;
        noteSlow(row, { ms: Math.round(ms * 10) / 10, at });
      }
    },
    figures: () => [...rows].map(([name, row]) => figuresOf(name, row)),
  };
}

/** Of this thread. */
const monitor = createMonitor();

/**
 * Runs the function and counts, by name, how long it took, whether it failed and by how much the heap grew meanwhile. For any
 * function, asynchronous or not; shown by `ackline perf`.
 */
export function monitored<T>(name: string, fn: () => T | Promise<T>): Promise<T> {
  return monitor.count(name, fn);
}

/** What was counted in this thread since it started. */
export function monitoredFigures(): readonly MonitoredFigures[] {
  return monitor.figures();
}

function emptyRow(): Row {
  return {
    count: 0,
    failures: 0,
    totalMs: 0,
    maxMs: 0,
    durations: new Map(),
    slowest: [],
    heapGrowthBytes: 0,
  };
}

function figuresOf(name: string, { durations, slowest, totalMs, maxMs, ...counts }: Row): MonitoredFigures {
  return {
    name,
    ...counts,
    totalMs: Math.round(totalMs),
    maxMs: Math.round(maxMs),
    durations: [...durations].sort(([a], [b]) => a - b),
    slowest,
  };
}

function noteSlow(row: Row, call: { readonly ms: number; readonly at: number }): void {
  const last = row.slowest[SLOWEST - 1];
  if (last !== undefined && call.ms <= last.ms) return;
  row.slowest = [...row.slowest, call].sort((a, b) => b.ms - a.ms).slice(0, SLOWEST);
}
