import type {
  HandlerLogLine,
  HandlerResult,
  HandlerServices,
  JobEvent,
  LoadFailure,
  MonitoredFigures,
  OriginFigures,
  OutboundCalls,
  ThreadEnd,
  ThreadSetup,
} from './protocol.ts';

export interface ThreadPoolOptions extends ThreadSetup {
  readonly threads: number;
  /** Of each thread, as V8 counts it, and its buffers. */
  readonly memoryBytes: number;
}

export interface ThreadPoolDeps {
  readonly services: HandlerServices;
  /** Lines of the handler and of the pool; their number is bounded. */
  readonly log: (line: HandlerLogLine) => void;
  /** Hears of each change of `state()`. */
  readonly onState?: (state: PoolState) => void;
}

export interface HandlerJob {
  /** Its id. */
  readonly delivery: string;
  /** The body is copied, once. */
  readonly event: JobEvent;
}

/** What became of a job. Once it is there, nothing of the job runs any more. */
export type JobResult =
  | HandlerResult
  /** Its signal aborted with a TimeoutError, and it was ended. */
  | { readonly kind: 'timeout' }
  /** Its signal aborted for another reason: it says nothing of the job. */
  | { readonly kind: 'aborted' }
  /** Its thread was ended for another job's sake, or ended by itself with several jobs: it says nothing of the job. */
  | { readonly kind: 'interrupted' }
  /** Its thread ended by itself while it had no other job. */
  | { readonly kind: 'thread-ended'; readonly reason: ThreadEnd; readonly detail: string | null }
  /** It waited for its turn until its signal aborted. */
  | { readonly kind: 'busy' }
  /** No thread has the module: see `state()`. It says nothing of the job. */
  | { readonly kind: 'not-ready'; readonly failure: LoadFailure | null };

export type PoolState =
  | { readonly kind: 'starting' }
  /** `refused`: a newer module, or newer options, that could not be used; those before them are in force. */
  | {
      readonly kind: 'ready';
      readonly handler: string;
      readonly provider: string | null;
      readonly refused: LoadFailure | null;
    }
  | { readonly kind: 'failed'; readonly failure: LoadFailure }
  | { readonly kind: 'closed' };

/** Of all threads of the pool; counts never go back, whatever threads end. */
export interface PoolFigures {
  readonly threads: number;
  readonly jobs: number;
  readonly http: {
    readonly active: number;
    readonly limit: number;
    readonly origins: readonly OriginFigures[];
    readonly calls: readonly OutboundCalls[];
  };
  readonly cache: { readonly hits: number; readonly misses: number };
  readonly monitored: readonly MonitoredFigures[];
  readonly heapBytes: number;
  readonly droppedLogLines: number;
  /** Threads that ended before they were told to, by why; `timeout`: ended by the pool. */
  readonly ended: Readonly<Record<ThreadEnd | 'timeout', number>>;
}

export interface ThreadPool {
  /** Never rejects. With an aborted signal nothing is begun. */
  run(job: HandlerJob, signal: AbortSignal): Promise<JobResult>;
  /**
   * Starts threads with these options (also where they are the same: the module may have changed) and hands over to them once all
   * are ready; the ones before finish their jobs. Where one can't be used, those before stay in force. Never rejects.
   */
  reload(options: ThreadPoolOptions): Promise<PoolState>;
  state(): PoolState;
  figures(): PoolFigures;
  /** Takes no more, and ends its threads as their jobs end. */
  retire(): void;
  /** Ends all threads now. */
  close(): Promise<void>;
}

/** Threads of one destination. They start at once; jobs that come before they are ready wait for them. */
export function createThreadPool(_options: ThreadPoolOptions, _deps: ThreadPoolDeps): ThreadPool {
  throw new Error('not there yet');
}
