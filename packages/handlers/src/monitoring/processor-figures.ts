import { addFigures, NO_FIGURES } from '../thread/pool-figures.ts';
import type { MonitoredFigures, PoolFigures } from '../thread/figures.ts';

/** Of one destination's `ctx.cache` in one processor, since it started. */
export interface CacheFigures {
  /** In memory. */
  readonly entries: number;
  readonly bytes: number;
  readonly hits: { readonly memory: number; readonly redis: number };
  /** Got what another of the same moment had loaded (single flight). */
  readonly joined: number;
  readonly misses: number;
  /** Of the hits and the joined: it was known that there is no value. */
  readonly negativeHits: number;
  /** Made room for others before their time was over. */
  readonly evictions: number;
  readonly hasRedis: boolean;
}

/** A hit is whatever did not have to be made. */
export function lookupsOf(cache: CacheFigures | null): { readonly hits: number; readonly misses: number } {
  if (cache === null) return { hits: 0, misses: 0 };
  return { hits: cache.hits.memory + cache.hits.redis + cache.joined, misses: cache.misses };
}

/** Of one destination. */
export interface HandlerFigures {
  readonly threads: PoolFigures;
  /** null: it has not used it. */
  readonly cache: CacheFigures | null;
}

/** What a processor says of its handlers, kept by the store for whoever asks. */
export interface ProcessorFigures {
  /** The form: a reader of another release leaves it. */
  readonly v: typeof FORM;
  /** Epoch milliseconds: what is counted is counted since then. */
  readonly since: number;
  readonly performance: {
    readonly calls: { readonly count: number; readonly totalMs: number };
    readonly cache: { readonly hits: number; readonly misses: number } | null;
    readonly memoryBytes: number;
    readonly connections: { readonly active: number; readonly max: number };
  };
  readonly handlers: Readonly<Record<string, HandlerFigures>>;
}

const FORM = 1;
/** Of functions and of origins of one destination: those that took the most time. */
const MAX_ROWS = 100;

export function processorFigures(given: Omit<ProcessorFigures, 'v'>): ProcessorFigures {
  const handlers = Object.entries(given.handlers).map(
    ([destination, { threads, cache }]) => [destination, { threads: bounded(threads), cache }] as const,
  );
  return { ...given, v: FORM, handlers: Object.fromEntries(handlers) };
}

function bounded(figures: PoolFigures): PoolFigures {
  const most = <Row extends { readonly totalMs: number }>(rows: readonly Row[]) =>
    rows.length <= MAX_ROWS ? rows : rows.toSorted((a, b) => b.totalMs - a.totalMs).slice(0, MAX_ROWS);
  return {
    ...figures,
    handled: most<MonitoredFigures>(figures.handled),
    monitored: most<MonitoredFigures>(figures.monitored),
    http: { ...figures.http, calls: most(figures.http.calls) },
  };
}

/** null: it was written by another release. */
export function readProcessorFigures(written: unknown): ProcessorFigures | null {
  const isOurs = typeof written === 'object' && written !== null && 'v' in written && written.v === FORM;
  return isOurs ? (written as ProcessorFigures) : null;
}

/** Over processors, by the names of the destinations, in their order. */
export function handlersOfAll(
  processors: readonly Pick<ProcessorFigures, 'handlers'>[],
): ReadonlyMap<string, HandlerFigures> {
  const sums = new Map<string, HandlerFigures>();
  for (const [name, figures] of processors.flatMap(({ handlers }) => Object.entries(handlers))) {
    const before = sums.get(name) ?? { threads: NO_FIGURES, cache: null };
    sums.set(name, {
      threads: addFigures(before.threads, figures.threads),
      cache: addCaches(before.cache, figures.cache),
    });
  }
  return new Map([...sums].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function addCaches(one: CacheFigures | null, other: CacheFigures | null): CacheFigures | null {
  if (one === null || other === null) return one ?? other;
  return {
    entries: one.entries + other.entries,
    bytes: one.bytes + other.bytes,
    hits: { memory: one.hits.memory + other.hits.memory, redis: one.hits.redis + other.hits.redis },
    joined: one.joined + other.joined,
    misses: one.misses + other.misses,
    negativeHits: one.negativeHits + other.negativeHits,
    evictions: one.evictions + other.evictions,
    hasRedis: one.hasRedis || other.hasRedis,
  };
}
