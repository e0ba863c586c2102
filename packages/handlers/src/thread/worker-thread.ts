/**
 * One thread of a destination, from within its process:
 *
 * HT1. A job that has not ended a second after it was aborted ends with its thread. Where the thread still turns, the others have
 *      a few seconds more to end by themselves.
 * HT2. Once the result of a job is told, nothing of it runs any more.
 * HT3. Of a thread that ended by itself the job is told that was alone in it; of several, none: each is tried apart next time.
 * HT4. A job that had not begun has no part in what happened to its thread.
 */
import { Worker } from 'node:worker_threads';
import { createThreadLines } from './thread-lines.ts';
import type { ThreadFigures } from './figures.ts';
import type {
  AbortReason,
  HostMessage,
  JobEvent,
  JobResult,
  LoadedHandler,
  LoadFailure,
  RelayedMessage,
  ThreadEnd,
  ThreadMessage,
  ThreadSetup,
} from './protocol.ts';
import { watchMemory } from './memory-watch.ts';
import { relayedMessage } from './relayed-message.ts';

/** From the abort of a job to the end of its thread. */
const ABORT_GRACE_MS = 1_000;
/** What the other jobs of a thread that still turns have after that. */
const NEIGHBOUR_GRACE_MS = 4_000;
/** A module may wait for something at its top level, on a machine that is busy. */
const START_LIMIT_MS = 30_000;
/** What a module keeps open of its own is closed with the thread. */
const DRAIN_LIMIT_MS = 2_000;
const MIB = 1_048_576;

export interface ThreadListener {
  ready(loaded: LoadedHandler): void;
  failed(failure: LoadFailure): void;
  ended(id: number, result: JobResult, isSuspect: boolean): void;
  relay(message: RelayedMessage): void;
  /** It takes no more jobs, though it has some. */
  retired(): void;
  /** null: it was told to end. */
  gone(end: ThreadEnd | 'timeout' | null): void;
}

export interface WorkerThread {
  readonly takesJobs: boolean;
  /** It does, or will once it has started. */
  readonly isOpen: boolean;
  readonly jobs: number;
  readonly figures: ThreadFigures | null;
  run(id: number, event: JobEvent): void;
  abort(id: number, reason: AbortReason): void;
  answer(message: Extract<HostMessage, { kind: 'answer' }>): void;
  /** Takes no more, and ends when it has no job. */
  drain(): void;
  kill(): Promise<void>;
}

interface Job {
  hasBegun: boolean;
  aborted: AbortReason | null;
  /** It is to end with its thread. */
  isOverdue: boolean;
  /** What it came to, where it crashed. */
  crash: JobResult | null;
  timer: NodeJS.Timeout | undefined;
}

type State = 'starting' | 'ready' | 'retired' | 'draining' | 'ending' | 'gone';

export interface WorkerThreadOptions {
  readonly setup: ThreadSetup;
  readonly memoryBytes: number;
}

export function startWorkerThread(options: WorkerThreadOptions, listener: ThreadListener): WorkerThread {
  return new HandlerThread(options, listener);
}

class HandlerThread implements WorkerThread {
  readonly #worker: Worker;
  readonly #listener: ThreadListener;
  readonly #jobs = new Map<number, Job>();
  readonly #stopWatch: () => void;
  #state: State = 'starting';
  /** The last `abort` that it has read. */
  #turnedFor: number | null = null;
  #timer: NodeJS.Timeout | undefined;
  /** Why it is being ended, or ended by itself. */
  #end: { readonly reason: ThreadEnd | 'timeout' | null; readonly detail: string | null } | null = null;
  figures: ThreadFigures | null = null;

  constructor({ setup, memoryBytes }: WorkerThreadOptions, listener: ThreadListener) {
    this.#listener = listener;
    const youngMb = Math.max(2, Math.min(16, memoryBytes / MIB / 8));
    this.#worker = new Worker(new URL('./thread-main.ts', import.meta.url), {
      workerData: setup,
      execArgv: [],
      stdout: true,
      stderr: true,
      name: `handler ${setup.destination}`,
      resourceLimits: {
        maxOldGenerationSizeMb: memoryBytes / MIB - youngMb,
        maxYoungGenerationSizeMb: youngMb,
      },
    });
    createThreadLines(this.#worker, line => listener.relay({ kind: 'log', line }));
    this.#worker.on('message', (message: ThreadMessage | null | undefined) => {
      if (typeof message?.kind === 'string') this.#take(message);
    });
    this.#worker.on('error', error => this.#fail(error));
    this.#worker.on('exit', code => this.#exited(code));
    this.#timer = setTimeout(() => this.#late(), START_LIMIT_MS);
    this.#stopWatch = watchMemory(this.#worker, {
      maxBufferBytes: memoryBytes,
      isWatched: () => this.#jobs.size > 0,
      onExceeded: () => void this.#terminate('memory', 'buffers beside the heap'),
    });
  }

  get takesJobs(): boolean {
    return this.#state === 'ready';
  }

  get isOpen(): boolean {
    return this.#state === 'ready' || this.#state === 'starting';
  }

  get jobs(): number {
    return this.#jobs.size;
  }

  run(id: number, event: JobEvent): void {
    this.#jobs.set(id, { hasBegun: false, aborted: null, isOverdue: false, crash: null, timer: undefined });
    const body = ownBytes(event.body);
    this.#worker.postMessage({ kind: 'job', id, event: { ...event, body } }, [body.buffer]);
  }

  abort(id: number, reason: AbortReason): void {
    const job = this.#jobs.get(id);
    if (job === undefined || job.aborted !== null) return;
    job.aborted = reason;
    job.timer = setTimeout(() => this.#overdue(job, this.#turnedFor === id), ABORT_GRACE_MS);
    this.#post({ kind: 'abort', id, reason });
  }

  answer(message: Extract<HostMessage, { kind: 'answer' }>): void {
    this.#post(message);
  }

  drain(): void {
    if (this.#state === 'starting') {
      void this.#terminate(null, null);
      return;
    }
    if (this.#state !== 'ready' && this.#state !== 'retired') return;
    this.#state = 'draining';
    this.#drainIfIdle();
  }

  async kill(): Promise<void> {
    await this.#terminate(null, null);
  }

  #post(message: Exclude<HostMessage, { kind: 'job' }>): void {
    this.#worker.postMessage(message);
  }

  #take(message: ThreadMessage): void {
    switch (message.kind) {
      case 'ready':
        this.#ready(message.loaded);
        return;
      case 'failed':
        this.#notLoaded(message.failure.detail);
        void this.#terminate(null, null);
        return;
      case 'begun':
        this.#begun(message.id);
        return;
      case 'done':
        this.#done(message.id, message.result);
        return;
      case 'aborting':
        this.#turnedFor = message.id;
        return;
      case 'worn':
        this.#worn(message);
        return;
      case 'figures':
        this.figures = message.figures;
        return;
      case 'call':
      case 'attribute':
      case 'log':
        this.#relay(message);
        return;
      default: {
        const never: never = message;
        return never;
      }
    }
  }

  #relay(said: RelayedMessage): void {
    const message = relayedMessage(said);
    if (message !== null) this.#listener.relay(message);
  }

  #ready(loaded: LoadedHandler): void {
    if (this.#state !== 'starting') return;
    this.#clearTimer();
    this.#state = 'ready';
    this.#listener.ready(loaded);
  }

  #begun(id: number): void {
    const job = this.#jobs.get(id);
    if (job !== undefined) job.hasBegun = true;
  }

  #done(id: number, result: JobResult): void {
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    // What failed once it was aborted, failed by that.
    const isCut = job.aborted !== null && result.kind === 'failed';
    this.#settle(id, isCut ? cutResult(job) : result, false);
    if ([...this.#jobs.values()].every(one => one.isOverdue) && this.#jobs.size > 0) {
      void this.#terminate('timeout', null);
    }
    this.#drainIfIdle();
  }

  #settle(id: number, result: JobResult, isSuspect: boolean): void {
    clearTimeout(this.#jobs.get(id)?.timer);
    this.#jobs.delete(id);
    this.#listener.ended(id, result, isSuspect);
  }

  /** (HT1) */
  #overdue(job: Job, turns: boolean): void {
    job.isOverdue = true;
    this.#retire();
    const hasOthers = [...this.#jobs.values()].some(one => !one.isOverdue);
    if (!hasOthers || !turns) void this.#terminate('timeout', null);
    else this.#timer ??= setTimeout(() => void this.#terminate('timeout', null), NEIGHBOUR_GRACE_MS);
  }

  #worn(message: Extract<ThreadMessage, { kind: 'worn' }>): void {
    const job = message.id === null ? undefined : this.#jobs.get(message.id);
    if (job === undefined || message.id === null) return this.#retire();
    job.crash ??= message.result;
    this.#overdue(job, true);
  }

  #retire(): void {
    if (this.#state !== 'ready') return;
    this.#state = 'retired';
    this.#listener.retired();
    this.#drainIfIdle();
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #drainIfIdle(): void {
    if (this.#jobs.size > 0 || (this.#state !== 'draining' && this.#state !== 'retired')) return;
    this.#state = 'draining';
    this.#post({ kind: 'drain' });
    this.#clearTimer();
    this.#timer = setTimeout(() => void this.#terminate(null, null), DRAIN_LIMIT_MS);
  }

  #late(): void {
    this.#notLoaded(`it was not loaded within ${START_LIMIT_MS / 1_000} s`);
    void this.#terminate(null, null);
  }

  #notLoaded(detail: string): void {
    if (this.#state !== 'starting') return;
    this.#state = 'ending';
    this.#listener.failed({ code: 'ACKLINE_HANDLER_NOT_LOADED', detail });
  }

  /** An error that ends it: out of memory, or one while the module was loaded. */
  #fail(error: unknown): void {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'ERR_WORKER_OUT_OF_MEMORY') this.#end ??= { reason: 'memory', detail: null };
    else this.#end ??= { reason: 'exception', detail: error instanceof Error ? error.name : null };
    const words =
      error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 500) : 'it threw no error';
    this.#notLoaded(code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'it takes more than its memory' : words);
  }

  async #terminate(reason: ThreadEnd | 'timeout' | null, detail: string | null): Promise<void> {
    if (this.#state === 'gone') return;
    this.#state = 'ending';
    this.#end ??= { reason, detail };
    await this.#worker.terminate();
  }

  #exited(code: number): void {
    const wasDraining = this.#state === 'draining';
    if (this.#end === null) this.#notLoaded(`it ended while it was loaded (exit code ${code})`);
    this.#state = 'gone';
    this.#clearTimer();
    this.#stopWatch();
    const end = this.#end ?? { reason: wasDraining ? null : ('exit' as const), detail: `exit code ${code}` };
    const begun = [...this.#jobs].filter(([, job]) => job.hasBegun).map(([id]) => id);
    for (const [id, job] of this.#jobs) {
      const { result, isSuspect } = fateOf(job, end, begun.length === 1);
      this.#settle(id, result, isSuspect); // (HT2)
    }
    this.#listener.gone(end.reason);
  }
}

interface End {
  readonly reason: ThreadEnd | 'timeout' | null;
  readonly detail: string | null;
}

/** What is told of a job whose thread is gone. */
function fateOf(job: Job, end: End, wasAlone: boolean): { result: JobResult; isSuspect: boolean } {
  if (job.isOverdue && job.hasBegun) return { result: job.crash ?? cutResult(job), isSuspect: true };
  if (end.reason === null) return { result: { kind: 'aborted' }, isSuspect: false };
  if (end.reason === 'timeout' || !job.hasBegun) return { result: { kind: 'interrupted' }, isSuspect: false }; // (HT4)
  if (!wasAlone) return { result: { kind: 'interrupted' }, isSuspect: true }; // (HT3)
  return { result: { kind: 'thread-ended', reason: end.reason, detail: end.detail }, isSuspect: true };
}

function cutResult({ aborted }: Job): JobResult {
  return { kind: aborted === 'timeout' ? 'timeout' : 'aborted' };
}

/** In a buffer that has nothing else: of a view all that is beside it would be handed over too. */
function ownBytes(body: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = body;
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength
    ? (body as Uint8Array<ArrayBuffer>)
    : new Uint8Array(body);
}
