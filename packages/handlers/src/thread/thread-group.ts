import { isDeepStrictEqual } from 'node:util';
import { addFigures, countsOf, NO_FIGURES, ofThread } from './pool-figures.ts';
import type { PoolFigures } from './figures.ts';
import type {
  AbortReason,
  HostMessage,
  JobEvent,
  LoadFailure,
  ProcessReport,
  ProcessStart,
  ThreadEnd,
} from './protocol.ts';
import { startWorkerThread, type WorkerThread } from './worker-thread.ts';

const FIGURES_EVERY_MS = 1_000;
/** One is replaced at once, the next one within this time is not: what ended them may do so again and again. */
const CALM_MS = 5_000;
const FIRST_RESTART_MS = 1_000;
const LAST_RESTART_MS = 30_000;
/** The host says `abort` at a job's time; one that stands still does not, and another may have the delivery ten seconds later. */
const HOST_GRACE_MS = 2_000;
const GONE = { takesJobs: false, jobs: 0 };

/** The threads of one process: all the same, each replaced when it has ended. */
export interface ThreadGroup {
  take(message: HostMessage): void;
}

export interface ThreadGroupOptions extends Omit<ProcessStart, 'kind'> {
  readonly report: (report: ProcessReport) => void;
  /** All threads have ended, as they were told to. */
  readonly onDrained: () => void;
}

export function createThreadGroup(options: ThreadGroupOptions): ThreadGroup {
  return new Group(options);
}

class Group implements ThreadGroup {
  readonly #options: ThreadGroupOptions;
  /** Those that are not gone. */
  readonly #threads = new Set<WorkerThread>();
  readonly #places = new Map<number, WorkerThread>();
  /** Jobs that no thread could take yet. */
  readonly #waiting = new Map<number, JobEvent>();
  readonly #timers = new Map<number, NodeJS.Timeout>();
  #readyThreads = 0;
  #lastReplacedMs = -Infinity;
  #restartMs = FIRST_RESTART_MS;
  #toldFailure: string | null = null;
  #isReady = false;
  #isDraining = false;
  /** Counts of threads that are gone. */
  #past: PoolFigures = NO_FIGURES;
  #lastFigures: PoolFigures | null = null;

  constructor(options: ThreadGroupOptions) {
    this.#options = options;
    for (let n = 0; n < options.threads; n++) this.#start();
    setInterval(() => this.#reportFigures(), FIGURES_EVERY_MS).unref();
  }

  take(message: HostMessage): void {
    switch (message.kind) {
      case 'job':
        this.#begin(message);
        return;
      case 'abort':
        this.#abort(message.id, message.reason);
        return;
      case 'answer':
        this.#places.get(message.id)?.answer(message);
        return;
      case 'drain':
        this.#isDraining = true;
        for (const thread of this.#threads) thread.drain();
        this.#endIfDrained();
        return;
      default: {
        const never: never = message;
        return never;
      }
    }
  }

  #begin({ id, event, timeoutMs }: Extract<HostMessage, { kind: 'job' }>): void {
    this.#timers.set(
      id,
      setTimeout(() => this.#abort(id, 'timeout'), timeoutMs + HOST_GRACE_MS),
    );
    this.#place(id, event);
  }

  #abort(id: number, reason: AbortReason): void {
    if (this.#waiting.delete(id)) this.#ended({ id, result: { kind: 'busy' }, isSuspect: false });
    else this.#places.get(id)?.abort(id, reason);
  }

  #ended(ended: Omit<Extract<ProcessReport, { kind: 'ended' }>, 'kind'>): void {
    clearTimeout(this.#timers.get(ended.id));
    this.#timers.delete(ended.id);
    this.#places.delete(ended.id);
    this.#options.report({ kind: 'ended', ...ended });
  }

  #place(id: number, event: JobEvent): void {
    const [thread] = [...this.#threads].filter(one => one.takesJobs).sort((a, b) => a.jobs - b.jobs);
    if (thread === undefined) {
      this.#waiting.set(id, event);
      return;
    }
    this.#places.set(id, thread);
    thread.run(id, event);
  }

  #start(): void {
    const { report } = this.#options;
    const thread: WorkerThread = startWorkerThread(this.#options, {
      ready: loaded => {
        this.#readyThreads += 1;
        this.#restartMs = FIRST_RESTART_MS;
        if (!this.#isReady && this.#readyThreads === this.#options.threads) {
          this.#isReady = true;
          report({ kind: 'ready', loaded });
        }
        this.#placeWaiting();
      },
      failed: failure => this.#failed(failure),
      ended: (id, result, isSuspect) => this.#ended({ id, result, isSuspect }),
      relay: report,
      retired: () => this.#replace(),
      gone: end => this.#gone(thread, end),
    });
    this.#threads.add(thread);
  }

  #placeWaiting(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const [id, event] of waiting) this.#place(id, event);
  }

  /**
   * The module was changed while its threads ran, and can't be loaded any more: as long as others have the old one it is tried again,
   * with waits that grow; without any, and at the start, the process has nothing to do.
   */
  #failed(failure: LoadFailure): void {
    this.#restartMs = Math.min(this.#restartMs * 2, LAST_RESTART_MS);
    const isLast = ![...this.#threads].some(({ takesJobs, jobs }) => takesJobs || jobs > 0);
    if (!this.#isReady || isLast) this.#options.report({ kind: 'failed', failure });
    if (!this.#isReady || failure.detail === this.#toldFailure) return;
    this.#toldFailure = failure.detail;
    const fields = { detail: failure.detail };
    this.#options.report({
      kind: 'log',
      line: { level: 'error', event: 'handler.thread-not-started', fields },
    });
  }

  #gone(thread: WorkerThread, end: ThreadEnd | 'timeout' | null): void {
    this.#threads.delete(thread);
    const past = countsOf(ofThread(thread.figures, GONE));
    this.#past = addFigures(
      this.#past,
      end === null ? past : { ...past, ended: { ...past.ended, [end]: 1 } },
    );
    this.#reportFigures();
    if (this.#isDraining) this.#endIfDrained();
    else this.#replace();
  }

  /** As many as there shall be, of those that take jobs or will. */
  #replace(): void {
    const now = performance.now();
    const waitMs = now - this.#lastReplacedMs < CALM_MS ? this.#restartMs : 0;
    this.#lastReplacedMs = now;
    setTimeout(() => {
      const open = [...this.#threads].filter(({ isOpen }) => isOpen).length;
      if (!this.#isDraining && open < this.#options.threads) this.#start();
    }, waitMs);
  }

  #endIfDrained(): void {
    if (this.#threads.size > 0) return;
    this.#reportFigures();
    this.#options.onDrained();
  }

  #reportFigures(): void {
    const now = [...this.#threads].reduce(
      (sum, one) => addFigures(sum, ofThread(one.figures, one)),
      this.#past,
    );
    if (isDeepStrictEqual(now, this.#lastFigures)) return;
    this.#lastFigures = now;
    this.#options.report({ kind: 'figures', figures: { ...now, memoryBytes: process.memoryUsage.rss() } });
  }
}
