import { percentileMs } from '@ackline/handlers/monitoring/durations';
import {
  handlersOfAll,
  type HandlerFigures,
  type ProcessorFigures,
  readProcessorFigures,
} from '@ackline/handlers/monitoring/processor-figures';
import type { MonitoredFigures } from '@ackline/handlers/thread/figures';
import type { PerformanceFigures } from '@ackline/runtime/performance-report';
import { type Hint, hintsOf } from './hints.ts';

/** What handlers cost, over all processors that live; with `--json` it is one document, whose names are API. */
export interface Performance {
  /** Those that said something of their handlers. */
  readonly processors: number;
  /** Since when the first of them counts, as ISO; null: there is none. */
  readonly since: string | null;
  /** Of all processors together. */
  readonly summary: PerformanceFigures;
  readonly destinations: readonly DestinationPerformance[];
}

export interface DestinationPerformance {
  readonly name: string;
  readonly threads: number;
  readonly memoryBytes: number;
  /** Calls of the handler. */
  readonly handler: readonly FunctionCost[];
  /** Of `ctx.monitored`; what took the most time first. */
  readonly functions: readonly FunctionCost[];
  /** By their origins; what took the most time first. */
  readonly calls: readonly OriginCost[];
  readonly hints: readonly Hint[];
}

export interface FunctionCost {
  readonly name: string;
  readonly count: number;
  readonly errors: number;
  readonly totalMs: number;
  /** At most a fifth too high. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number;
  /** By how much the heap grew over a call, in the mean; collections make it less, others of the thread more. */
  readonly heapBytesPerCall: number;
  readonly slowest: readonly { readonly at: string; readonly ms: number }[];
}

export interface OriginCost {
  readonly origin: string;
  readonly count: number;
  readonly errors: number;
  readonly avgMs: number;
}

/** Of what processors wrote; those of another release are left out. */
export function performanceOf(written: readonly unknown[], slowest: number): Performance {
  const processors = written.flatMap(each => readProcessorFigures(each) ?? []);
  const first = processors.map(({ since }) => since).sort((a, b) => a - b)[0];
  return {
    processors: processors.length,
    since: first === undefined ? null : new Date(first).toISOString(),
    summary: summed(processors.map(({ performance }) => performance)),
    destinations: [...handlersOfAll(processors)].map(([name, figures]) => costOf(name, figures, slowest)),
  };
}

function summed(each: readonly ProcessorFigures['performance'][]): PerformanceFigures {
  const over = (read: (one: ProcessorFigures['performance']) => number) =>
    each.reduce((sum, one) => sum + read(one), 0);
  return {
    calls: { count: over(({ calls }) => calls.count), totalMs: over(({ calls }) => calls.totalMs) },
    cache: each.every(({ cache }) => cache === null)
      ? null
      : { hits: over(({ cache }) => cache?.hits ?? 0), misses: over(({ cache }) => cache?.misses ?? 0) },
    memoryBytes: over(({ memoryBytes }) => memoryBytes),
    connections: {
      active: over(({ connections }) => connections.active),
      max: over(({ connections }) => connections.max),
    },
  };
}

function costOf(name: string, figures: HandlerFigures, slowest: number): DestinationPerformance {
  const { threads } = figures;
  return {
    name,
    threads: threads.threads,
    memoryBytes: threads.memoryBytes,
    handler: threads.handled.map(row => functionCost(row, slowest)),
    functions: byTime(threads.monitored).map(row => functionCost(row, slowest)),
    calls: originCosts(figures),
    hints: hintsOf(figures),
  };
}

function byTime<Row extends { readonly totalMs: number }>(rows: readonly Row[]): readonly Row[] {
  return rows.toSorted((a, b) => b.totalMs - a.totalMs);
}

function functionCost(row: MonitoredFigures, slowest: number): FunctionCost {
  const { name, count, failures, totalMs, maxMs, durations, heapGrowthBytes } = row;
  const percentile = (part: number) => {
    const bound = percentileMs(durations, part);
    return bound === null ? null : Math.min(bound, maxMs);
  };
  return {
    name,
    count,
    errors: failures,
    totalMs,
    p50Ms: percentile(0.5),
    p95Ms: percentile(0.95),
    p99Ms: percentile(0.99),
    maxMs,
    heapBytesPerCall: count === 0 ? 0 : Math.max(0, Math.round(heapGrowthBytes / count)),
    slowest: row.slowest.slice(0, slowest).map(({ at, ms }) => ({ at: new Date(at).toISOString(), ms })),
  };
}

const NO_ERRORS: readonly string[] = ['2xx', '3xx'];

function originCosts({ threads: { http } }: HandlerFigures): readonly OriginCost[] {
  const sums = new Map<string, { count: number; errors: number; totalMs: number }>();
  for (const { origin, outcome, count, totalMs } of http.calls) {
    const sum = sums.get(origin) ?? { count: 0, errors: 0, totalMs: 0 };
    sum.count += count;
    sum.totalMs += totalMs;
    if (!NO_ERRORS.includes(outcome)) sum.errors += count;
    sums.set(origin, sum);
  }
  return byTime([...sums].map(([origin, sum]) => ({ origin, ...sum }))).map(
    ({ origin, count, errors, totalMs }) => ({
      origin,
      count,
      errors,
      avgMs: count === 0 ? 0 : Math.round(totalMs / count),
    }),
  );
}
