/**
 * What threads count and what they are like now, told to their host each second (`protocol.ts`) and added up over the threads of a
 * destination (`pool-figures.ts`).
 */

export type ThreadEnd = 'memory' | 'exit' | 'exception';

/** Durations by buckets that grow by a fourth root of two; `[bucket, count]`, so that those of several threads can be added. */
export type DurationCounts = readonly (readonly [bucket: number, count: number])[];

export interface OriginFigures {
  readonly origin: string;
  readonly active: number;
  readonly limit: number;
}

export interface MonitoredFigures {
  readonly name: string;
  readonly count: number;
  readonly failures: number;
  readonly totalMs: number;
  readonly maxMs: number;
  readonly durations: DurationCounts;
  /** The slowest ten, slowest first; `at` in epoch milliseconds. */
  readonly slowest: readonly { readonly ms: number; readonly at: number }[];
  /** By how much the heap grew over the calls, added up: a function that keeps what it makes stands out. */
  readonly heapGrowthBytes: number;
}

export interface LoopFigures {
  /** The part of the last half minute, about, in which it did something; 0 to 1. */
  readonly busy: number;
  /** The longest time in which it did not turn, in the last minute or two. */
  readonly blockedMs: number;
}

/** Of outbound calls through `ctx.http` and the clients. */
export interface OutboundCalls {
  readonly origin: string;
  /** `error`: no answer. */
  readonly outcome: '2xx' | '3xx' | '4xx' | '429' | '5xx' | 'error';
  readonly count: number;
  readonly totalMs: number;
}

/** Counts since the thread started, and what is so now. */
export interface ThreadFigures {
  readonly http: {
    /** Connections with a request on them. */
    readonly active: number;
    /** Connections that may be open in all. */
    readonly limit: number;
    readonly origins: readonly OriginFigures[];
    readonly calls: readonly OutboundCalls[];
    /** Calls that had to wait for a connection, and for how long in all. */
    readonly waits: { readonly count: number; readonly totalMs: number };
  };
  /** Calls of the handler itself, by its name. */
  readonly handled: readonly MonitoredFigures[];
  /** Of functions that it has counted by `ctx.monitored`. */
  readonly monitored: readonly MonitoredFigures[];
  /** Of its event loop: the busiest thread's, of several. */
  readonly loop: LoopFigures;
  readonly heapBytes: number;
  readonly droppedLogLines: number;
}

/** Of all threads of a pool; counts never go back, whatever threads end. */
export interface PoolFigures extends ThreadFigures {
  /** That take jobs. */
  readonly threads: number;
  readonly jobs: number;
  /** Of their processes (RSS). */
  readonly memoryBytes: number;
  /** Threads that ended before they were told to, by why; `timeout`: ended for a job that did not end in its time. */
  readonly ended: Readonly<Record<ThreadEnd | 'timeout', number>>;
}
