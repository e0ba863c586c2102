import { Worker } from 'node:worker_threads';
import { AppError } from '@ackline/shared/app-error';
import type { SpoolReply, SpoolRequest } from './spool-protocol.ts';
import type { SpoolWorkerData } from './spool-worker.ts';

/** The spool's worker thread, seen from the main thread. It starts with the first request, and again after its end. */
export interface SpoolThread {
  /** Rejects with ACKLINE_NOT_DURABLE when it could not be done, or when the thread ended under it. */
  request(request: SpoolRequest): Promise<SpoolReply & { readonly ok: true }>;
  /** How long the oldest request has been waiting for its answer, in milliseconds; 0 without one. */
  readonly waitingMs: number;
  readonly isRunning: boolean;
  /** Lets the thread close its files and end: the next request starts another. False: there is none, or it owes an answer. */
  rest(): boolean;
  /** Closes the files and ends the thread. Waits a bounded time for a disk that hangs. */
  close(): Promise<void>;
}

export interface SpoolThreadOptions {
  readonly data: SpoolWorkerData;
  /** Before the request's own promise settles. */
  onReply(reply: SpoolReply): void;
  /** The thread ended without being asked. */
  onEnd(detail: string): void;
  readonly startWorker?: StartSpoolWorker;
}

export type StartSpoolWorker = (data: SpoolWorkerData) => Worker;

/** Rows are outside V8's heap: what is in it are statements and heads of one batch. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 };
/** A disk that does not answer for this long does not answer before the process is killed either. */
const CLOSE_LIMIT_MS = 5_000;

const startSpoolWorker: StartSpoolWorker = data =>
  new Worker(new URL('./spool-worker.ts', import.meta.url), {
    workerData: data,
    name: 'spool',
    resourceLimits: RESOURCE_LIMITS,
  });

interface Waiting {
  readonly since: number;
  readonly resolve: (reply: SpoolReply & { readonly ok: true }) => void;
  readonly reject: (error: AppError) => void;
}

export function createSpoolThread(options: SpoolThreadOptions): SpoolThread {
  return new Thread(options);
}

class Thread implements SpoolThread {
  readonly #options: SpoolThreadOptions;
  #worker: Worker | null = null;
  #closing = false;
  #nextId = 1;
  readonly #waiting = new Map<number, Waiting>();

  constructor(options: SpoolThreadOptions) {
    this.#options = options;
  }

  get waitingMs(): number {
    const [oldest] = this.#waiting.values();
    return oldest === undefined ? 0 : performance.now() - oldest.since;
  }

  request(request: SpoolRequest): Promise<SpoolReply & { readonly ok: true }> {
    if (this.#closing) return Promise.reject(new AppError('ACKLINE_LOG_CLOSED'));
    return this.#send(request);
  }

  get isRunning(): boolean {
    return this.#worker !== null;
  }

  rest(): boolean {
    const worker = this.#worker;
    if (worker === null || this.#waiting.size > 0) return false;
    this.#worker = null; // from now on nothing that it says counts
    worker.postMessage({ id: 0, request: { kind: 'close' } });
    return true;
  }

  async close(): Promise<void> {
    this.#closing = true;
    const worker = this.#worker;
    if (worker === null) return;
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    worker.once('exit', () => resolve());
    const limit = setTimeout(resolve, CLOSE_LIMIT_MS);
    this.#send({ kind: 'close' }).catch(() => undefined); // its end is what counts
    await ended;
    clearTimeout(limit);
    if (this.#worker === null) return;
    void worker.terminate(); // not waited for: it may be in a call that hangs
    this.#ended('the disk did not answer');
  }

  #send(request: SpoolRequest): Promise<SpoolReply & { readonly ok: true }> {
    const { promise, resolve, reject } = Promise.withResolvers<SpoolReply & { readonly ok: true }>();
    let worker: Worker;
    try {
      worker = this.#worker ??= this.#start();
    } catch (error) {
      // No thread to be had (a limit on processes): the spool is away, and the process goes on.
      const detail = `the worker thread can not start: ${error instanceof Error ? error.message : 'unknown error'}`;
      this.#options.onEnd(detail);
      return Promise.reject(new AppError('ACKLINE_NOT_DURABLE', `The spool failed: ${detail}`));
    }
    const id = this.#nextId;
    this.#nextId += 1;
    this.#waiting.set(id, { since: performance.now(), resolve, reject });
    worker.ref();
    worker.postMessage({ id, request }, request.kind === 'append' ? [request.rows.bytes.buffer] : []);
    return promise;
  }

  #start(): Worker {
    const worker = (this.#options.startWorker ?? startSpoolWorker)(this.#options.data);
    let detail = 'the worker thread ended';
    worker.on('message', (reply: SpoolReply) => {
      if (worker === this.#worker) this.#settle(reply);
    });
    worker.on('error', error => {
      detail = `the worker thread ended: ${error instanceof Error ? error.message : 'unknown error'}`;
    });
    worker.once('exit', () => {
      if (worker === this.#worker) this.#ended(detail);
    });
    return worker;
  }

  #settle(reply: SpoolReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0) this.#worker?.unref(); // an idle spool keeps no process alive
    this.#options.onReply(reply);
    if (reply.ok) waiting?.resolve(reply);
    else waiting?.reject(new AppError('ACKLINE_NOT_DURABLE', `The spool did not take it: ${reply.detail}`));
  }

  #ended(detail: string): void {
    this.#worker = null;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    if (!this.#closing) this.#options.onEnd(detail);
    for (const { reject } of waiting)
      reject(new AppError('ACKLINE_NOT_DURABLE', `The spool failed: ${detail}`));
  }
}
