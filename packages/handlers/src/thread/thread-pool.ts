/**
 * Threads of one destination, in a process of their own that is replaced when it ends:
 *
 * TP1. What is reloaded starts beside what runs, and takes over once it is ready; where it can not, what runs goes on.
 * TP2. A job that ended a thread, or may have, is tried apart from all others until it ends well.
 * TP3. A job ends, for itself, within the time that its signal gives it; what it waited for its turn is not held against it.
 */
import { isDeepStrictEqual } from 'node:util';
import { createApartLane, type ApartLane } from './apart-lane.ts';
import {
  type EndedJob,
  type HandlerJob,
  type HandlerProcess,
  type ProcessDeps,
  startHandlerProcess,
} from './handler-process.ts';
import { addFigures, countsOf, NO_FIGURES } from './pool-figures.ts';
import type { PoolFigures } from './figures.ts';
import type { JobResult, LoadFailure, ThreadSetup } from './protocol.ts';
import { createSuspects } from './suspects.ts';

export type { HandlerJob } from './handler-process.ts';
export type { PoolFigures } from './figures.ts';
export type { JobResult } from './protocol.ts';

export interface ThreadPoolOptions extends ThreadSetup {
  readonly threads: number;
  /** Of each thread, as V8 counts it, and its buffers. */
  readonly memoryBytes: number;
}

export interface ThreadPoolDeps extends ProcessDeps {
  /** Hears of each change of `state()`. */
  readonly onState?: (state: PoolState) => void;
}

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

/** Lived so long, it is started again at once. */
const LIVED_MS = 10_000;
const FIRST_RESTART_MS = 1_000;
const LAST_RESTART_MS = 30_000;
const CLOSED: PoolState = { kind: 'closed' };
const NO_MEMORY = {
  kind: 'failed',
  failure: { code: 'ACKLINE_HANDLER_NOT_LOADED', detail: 'the system has no memory for its process' },
} as const;

/** They start at once; jobs that come before they are ready wait for them. */
export function createThreadPool(options: ThreadPoolOptions, deps: ThreadPoolDeps): ThreadPool {
  return new Pool(options, deps);
}

class Pool implements ThreadPool {
  readonly #deps: ThreadPoolDeps;
  readonly #suspects = createSuspects();
  readonly #apart: ApartLane;
  /** All that are not gone. */
  readonly #processes = new Set<HandlerProcess>();
  readonly #listeners = new Set<() => void>();
  #options: ThreadPoolOptions;
  #state: PoolState = { kind: 'starting' };
  #current: HandlerProcess | null = null;
  /** The last start that was asked for; those before it are over. */
  #starts = 0;
  /** That one, while it is under way. */
  #starting: number | null = null;
  #restartMs = FIRST_RESTART_MS;
  #restart: NodeJS.Timeout | undefined;
  #past: PoolFigures = NO_FIGURES;

  constructor(options: ThreadPoolOptions, deps: ThreadPoolDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#apart = createApartLane({
      start: () => this.#launch({ ...this.#options, threads: 1 }),
    });
    void this.#start(options);
  }

  async run(job: HandlerJob, signal: AbortSignal): Promise<JobResult> {
    if (this.#state.kind === 'closed' || signal.aborted) return { kind: 'aborted' };
    const ended = this.#suspects.has(job.delivery)
      ? await this.#apart.run(job, signal) // (TP2)
      : await this.#runAmongOthers(job, signal);
    this.#suspects.note(job.delivery, ended);
    return ended.result;
  }

  async #runAmongOthers(job: HandlerJob, signal: AbortSignal): Promise<EndedJob> {
    const queuedMs = performance.now();
    while (this.#state.kind === 'starting' && !signal.aborted) await this.#change(signal);
    if (signal.aborted) return { result: { kind: 'busy' }, isSuspect: false };
    const state = this.#state;
    if (state.kind === 'ready' && this.#current !== null) {
      return this.#current.run(job, signal, performance.now() - queuedMs); // (TP3)
    }
    const failure = state.kind === 'failed' ? state.failure : null;
    const result: JobResult = state.kind === 'closed' ? { kind: 'aborted' } : { kind: 'not-ready', failure };
    return { result, isSuspect: false };
  }

  reload(options: ThreadPoolOptions): Promise<PoolState> {
    if (this.#state.kind === 'closed') return Promise.resolve(CLOSED);
    return this.#start(options);
  }

  state(): PoolState {
    return this.#state;
  }

  figures(): PoolFigures {
    return [...this.#processes].reduce((sum, { figures }) => addFigures(sum, figures), this.#past);
  }

  retire(): void {
    this.#setState(CLOSED);
    clearTimeout(this.#restart);
    for (const process of this.#processes) process.drain();
  }

  async close(): Promise<void> {
    this.#setState(CLOSED);
    clearTimeout(this.#restart);
    this.#apart.close();
    const processes = [...this.#processes];
    for (const process of processes) process.kill();
    await Promise.all(processes.map(({ gone }) => gone));
  }

  /** (TP1) */
  async #start(options: ThreadPoolOptions): Promise<PoolState> {
    const start = ++this.#starts;
    this.#starting = start;
    clearTimeout(this.#restart);
    const process = this.#launch(options);
    const loading = (await process?.loading) ?? NO_MEMORY;
    if (this.#starting === start) this.#starting = null;
    if (this.#state.kind === 'closed' || start !== this.#starts) {
      process?.kill();
    } else if (process === null || loading.kind === 'failed') {
      this.#refuse(options, loading.kind === 'failed' ? loading.failure : NO_MEMORY.failure);
    } else {
      const before = this.#current;
      this.#options = options;
      this.#current = process;
      this.#setState({ kind: 'ready', ...loading.loaded, refused: null });
      before?.drain();
      this.#apart.renew();
    }
    return this.#state;
  }

  #refuse(options: ThreadPoolOptions, failure: LoadFailure): void {
    if (this.#state.kind === 'ready' && this.#current !== null) {
      this.#setState({ ...this.#state, refused: failure });
      return;
    }
    this.#options = options; // nothing else is in force: what is tried again is what was asked for last
    this.#setState({ kind: 'failed', failure });
    this.#startLater();
  }

  #launch(options: ThreadPoolOptions): HandlerProcess | null {
    const { threads, memoryBytes, ...setup } = options;
    try {
      const process = startHandlerProcess({ setup, threads, memoryBytes }, this.#deps);
      const startedMs = performance.now();
      this.#processes.add(process);
      void process.gone.then(() => this.#gone(process, performance.now() - startedMs));
      return process;
    } catch {
      return null;
    }
  }

  #gone(process: HandlerProcess, livedMs: number): void {
    this.#processes.delete(process);
    this.#past = addFigures(this.#past, countsOf(process.figures));
    if (process !== this.#current) return;
    this.#current = null;
    if (this.#state.kind === 'closed') return;
    this.#setState({ kind: 'starting' });
    if (this.#starting !== null) return; // what was asked for last takes over, and is not to be overtaken by what it replaces
    if (livedMs < LIVED_MS) return this.#startLater();
    this.#restartMs = FIRST_RESTART_MS;
    void this.#start(this.#options);
  }

  /** With waits that grow: what failed may fail again, and may be mended meanwhile (a volume that is mounted late). */
  #startLater(): void {
    clearTimeout(this.#restart);
    this.#restart = setTimeout(() => void this.#start(this.#options), this.#restartMs);
    this.#restartMs = Math.min(this.#restartMs * 2, LAST_RESTART_MS);
  }

  #setState(state: PoolState): void {
    if (isDeepStrictEqual(state, this.#state)) return;
    this.#tell(state);
    this.#state = state;
    this.#deps.onState?.(state);
    for (const listener of this.#listeners) listener();
  }

  /** The same failure again is no line. */
  #tell(state: PoolState): void {
    const failure = state.kind === 'failed' ? state.failure : state.kind === 'ready' ? state.refused : null;
    if (failure !== null) {
      const { code, detail } = failure;
      const fields = { code, detail, inForce: state.kind === 'ready' ? 'the one before' : 'none' };
      this.#deps.log({ level: 'error', event: 'handler.not-loaded', fields });
    } else if (state.kind === 'ready') {
      this.#deps.log({ level: 'info', event: 'handler.loaded', fields: { handler: state.handler } });
    }
  }

  #change(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#listeners.add(resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
    return promise.finally(() => this.#listeners.delete(resolve));
  }
}
