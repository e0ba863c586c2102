import { MAX_ORIGINS, OTHERS } from '../http/call-tally.ts';
import { addCounts } from '../monitoring/durations.ts';
import type {
  LoopFigures,
  MonitoredFigures,
  OriginFigures,
  OutboundCalls,
  PoolFigures,
  ThreadFigures,
} from './figures.ts';

const NO_ENDS: PoolFigures['ended'] = { memory: 0, exit: 0, exception: 0, timeout: 0 };
const SLOWEST = 10;
const IDLE: LoopFigures = { busy: 0, blockedMs: 0 };

export const NO_FIGURES: PoolFigures = {
  http: { active: 0, limit: 0, origins: [], calls: [], waits: { count: 0, totalMs: 0 } },
  handled: [],
  monitored: [],
  loop: IDLE,
  heapBytes: 0,
  droppedLogLines: 0,
  threads: 0,
  jobs: 0,
  memoryBytes: 0,
  ended: NO_ENDS,
};

/** Of one thread. */
export function ofThread(
  figures: ThreadFigures | null,
  { takesJobs, jobs }: { readonly takesJobs: boolean; readonly jobs: number },
): PoolFigures {
  return { ...NO_FIGURES, ...figures, threads: takesJobs ? 1 : 0, jobs };
}

/** What is left of threads that are gone: their counts, and nothing of what was so at their time. */
export function countsOf(figures: PoolFigures): PoolFigures {
  const http = { ...figures.http, active: 0, limit: 0, origins: [] };
  return { ...figures, http, loop: IDLE, heapBytes: 0, memoryBytes: 0, threads: 0, jobs: 0 };
}

export function addFigures(one: PoolFigures, other: PoolFigures): PoolFigures {
  return {
    http: {
      active: one.http.active + other.http.active,
      limit: one.http.limit + other.http.limit,
      origins: addRows(one.http.origins, other.http.origins, {
        keyOf: ({ origin }) => origin,
        add: addOrigins,
      }),
      calls: addedCalls(one.http.calls, other.http.calls),
      waits: {
        count: one.http.waits.count + other.http.waits.count,
        totalMs: one.http.waits.totalMs + other.http.waits.totalMs,
      },
    },
    handled: addRows(one.handled, other.handled, BY_NAME),
    monitored: addRows(one.monitored, other.monitored, BY_NAME),
    loop: {
      busy: Math.max(one.loop.busy, other.loop.busy),
      blockedMs: Math.max(one.loop.blockedMs, other.loop.blockedMs),
    },
    heapBytes: one.heapBytes + other.heapBytes,
    droppedLogLines: one.droppedLogLines + other.droppedLogLines,
    threads: one.threads + other.threads,
    jobs: one.jobs + other.jobs,
    memoryBytes: one.memoryBytes + other.memoryBytes,
    ended: {
      memory: one.ended.memory + other.ended.memory,
      exit: one.ended.exit + other.ended.exit,
      exception: one.ended.exception + other.ended.exception,
      timeout: one.ended.timeout + other.ended.timeout,
    },
  };
}

interface Adding<Row> {
  readonly keyOf: (row: Row) => string;
  readonly add: (one: Row, other: Row) => Row;
}

function addRows<Row>(
  one: readonly Row[],
  other: readonly Row[],
  { keyOf, add }: Adding<Row>,
): readonly Row[] {
  const rows = new Map(one.map(row => [keyOf(row), row]));
  for (const row of other) {
    const known = rows.get(keyOf(row));
    rows.set(keyOf(row), known === undefined ? row : add(known, row));
  }
  return [...rows.values()];
}

const BY_NAME: Adding<MonitoredFigures> = { keyOf: ({ name }) => name, add: addMonitored };

function callKey({ origin, outcome }: OutboundCalls): string {
  return `${origin} ${outcome}`;
}

const CALLS: Adding<OutboundCalls> = { keyOf: callKey, add: addCalls };

/** Of so many origins as one thread tells of; of many threads, also those that are gone, each may have called others. */
function addedCalls(
  one: readonly OutboundCalls[],
  other: readonly OutboundCalls[],
): readonly OutboundCalls[] {
  const rows = addRows(one, other, CALLS);
  const origins = new Set<string>();
  for (const { origin } of rows) if (origins.size < MAX_ORIGINS) origins.add(origin);
  const within = (row: OutboundCalls) => (origins.has(row.origin) ? row : { ...row, origin: OTHERS });
  return addRows([], rows.map(within), CALLS);
}

function addOrigins(one: OriginFigures, other: OriginFigures): OriginFigures {
  return { origin: one.origin, active: one.active + other.active, limit: one.limit + other.limit };
}

function addCalls(one: OutboundCalls, other: OutboundCalls): OutboundCalls {
  return { ...one, count: one.count + other.count, totalMs: one.totalMs + other.totalMs };
}

function addMonitored(one: MonitoredFigures, other: MonitoredFigures): MonitoredFigures {
  return {
    name: one.name,
    count: one.count + other.count,
    failures: one.failures + other.failures,
    totalMs: one.totalMs + other.totalMs,
    maxMs: Math.max(one.maxMs, other.maxMs),
    durations: addCounts(one.durations, other.durations),
    slowest: [...one.slowest, ...other.slowest].sort((a, b) => b.ms - a.ms).slice(0, SLOWEST),
    heapGrowthBytes: one.heapGrowthBytes + other.heapGrowthBytes,
  };
}
