/**
 * A process with the threads of one destination, from the processor's side:
 *
 * HP1. Whatever its threads do, and whatever memory they take, ends this process at most: V8 aborts the whole process of a thread
 *      that wants one piece of memory past its limit.
 * HP2. A job ends within a bounded time after it was aborted: a process that does not say so by then is killed.
 * HP3. Of a process that ended by itself the job is told that was alone in it; of several, none: each is tried apart next time.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { handlerEnvironment } from './environment.ts';
import { NO_FIGURES } from './pool-figures.ts';
import { killGroup, killLeft } from './process-group.ts';
import type { PoolFigures } from './figures.ts';
import type {
  AttributeValue,
  HandlerLogLine,
  HandlerServices,
  HostMessage,
  JobEvent,
  JobResult,
  LoadedHandler,
  LoadFailure,
  ProcessReport,
  ProcessStart,
} from './protocol.ts';
import { spawnProcess } from './spawn-process.ts';

export interface HandlerJob {
  /** Its id. */
  readonly delivery: string;
  /** The body is copied. */
  readonly event: JobEvent;
  /** When its signal aborts, from now on: its process ends it by itself where this one stands still. */
  readonly timeoutMs: number;
  /** Hears of `ctx.span.setAttribute`: 32 of them at most. */
  readonly onAttribute?: (name: string, value: AttributeValue) => void;
}

export interface ProcessDeps {
  readonly services: HandlerServices;
  readonly log: (line: HandlerLogLine) => void;
  /** What its environment is taken from: see `handlerEnvironment`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export interface EndedJob {
  readonly result: JobResult;
  /** It ended its thread, or may have. */
  readonly isSuspect: boolean;
}

export type ProcessLoading =
  | { readonly kind: 'loaded'; readonly loaded: LoadedHandler }
  | { readonly kind: 'failed'; readonly failure: LoadFailure };

export interface HandlerProcess {
  /** Never rejects. */
  readonly loading: Promise<ProcessLoading>;
  /** Resolves when it has ended. */
  readonly gone: Promise<void>;
  readonly isGone: boolean;
  readonly figures: PoolFigures;
  /** Never rejects. `waitedMs`: of the time that the signal gives it, what is over already. */
  run(job: HandlerJob, signal: AbortSignal, waitedMs?: number): Promise<EndedJob>;
  /** Takes no more, and ends when it has no job. */
  drain(): void;
  kill(): void;
}

/** A second of grace, four for the neighbours, and as much again for what is busy. */
const ABORT_LIMIT_MS = 8_000;
/** Its end closes the channel. */
const LAST_WORDS_MS = 1_000;
/** Beside what its threads take to load. */
const START_LIMIT_MS = 40_000;
/** After its last job. */
const DRAIN_LIMIT_MS = 10_000;
/** What V8 ends with where it gets no memory. */
const MEMORY_SIGNALS: ReadonlySet<string> = new Set(['SIGABRT', 'SIGTRAP', 'SIGSEGV', 'SIGBUS', 'SIGILL']);

interface OpenJob {
  readonly job: HandlerJob;
  readonly resolve: (ended: EndedJob) => void;
  /** Aborts when it has ended. */
  readonly over: AbortController;
  aborted: 'timeout' | 'drain' | null;
  timer: NodeJS.Timeout | undefined;
}

/** Throws where the system has no memory for another process. */
export function startHandlerProcess(start: Omit<ProcessStart, 'kind'>, deps: ProcessDeps): HandlerProcess {
  return new Process(start, deps);
}

class Process implements HandlerProcess {
  readonly #deps: ProcessDeps;
  readonly #destination: string;
  readonly #child: ChildProcess;
  readonly #jobs = new Map<number, OpenJob>();
  readonly #loading = Promise.withResolvers<ProcessLoading>();
  readonly #gone = Promise.withResolvers<void>();
  #ids = 0;
  #isDraining = false;
  #isKilled = false;
  /** It is ended since a job of it did not end. */
  #isCondemned = false;
  #timer: NodeJS.Timeout | undefined;
  isGone = false;
  figures: PoolFigures = NO_FIGURES;

  constructor(start: Omit<ProcessStart, 'kind'>, deps: ProcessDeps) {
    this.#deps = deps;
    this.#destination = start.setup.destination;
    this.#child = spawnProcess(handlerEnvironment(deps.environment ?? {}, start.setup.pg !== null));
    this.#child.on('message', report => this.#take(report as ProcessReport));
    this.#child.on('exit', (_code, signal) => void this.#ended(signal));
    this.#child.on('error', error => this.#notStarted(error));
    this.#timer = setTimeout(() => this.#fail('its process did not start in time'), START_LIMIT_MS);
    this.#send({ kind: 'start', ...start });
  }

  get loading(): Promise<ProcessLoading> {
    return this.#loading.promise;
  }

  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  async run(job: HandlerJob, signal: AbortSignal, waitedMs = 0): Promise<EndedJob> {
    const startedMs = performance.now();
    const ended = await this.#run(job, signal, waitedMs);
    const ranMs = performance.now() - startedMs;
    // Time that others had is no fault of its (TP3).
    return ended.result.kind === 'timeout' && waitedMs > ranMs
      ? { ...ended, result: { kind: 'busy' } }
      : ended;
  }

  #run(job: HandlerJob, signal: AbortSignal, waitedMs: number): Promise<EndedJob> {
    if (this.isGone) return Promise.resolve({ result: { kind: 'interrupted' }, isSuspect: false });
    if (signal.aborted) return Promise.resolve({ result: { kind: 'busy' }, isSuspect: false });
    const id = ++this.#ids;
    const { promise, resolve } = Promise.withResolvers<EndedJob>();
    const open: OpenJob = {
      job,
      resolve,
      over: new AbortController(),
      aborted: null,
      timer: undefined,
    };
    const onAbort = () => this.#abort(id, open, signal);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#jobs.set(id, open);
    this.#send({ kind: 'job', id, event: job.event, timeoutMs: job.timeoutMs - waitedMs });
    return promise.finally(() => signal.removeEventListener('abort', onAbort));
  }

  drain(): void {
    this.#isDraining = true;
    this.#drainIfIdle();
  }

  kill(): void {
    this.#isKilled = true;
    this.#end();
  }

  #end(): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid !== undefined && exitCode === null && signalCode === null) killGroup(pid);
  }

  /** What can't be sent was sent to one that is about to end: its end tells. */
  #send(message: ProcessStart | HostMessage): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #take(report: ProcessReport): void {
    switch (report.kind) {
      case 'ready':
        clearTimeout(this.#timer);
        this.#loading.resolve({ kind: 'loaded', loaded: report.loaded });
        return;
      case 'failed':
        this.#fail(report.failure.detail);
        return;
      case 'ended':
        this.#settle(report.id, { result: report.result, isSuspect: report.isSuspect });
        return;
      case 'call':
        void this.#call(report);
        return;
      case 'attribute':
        this.#jobs.get(report.id)?.job.onAttribute?.(report.name, report.value);
        return;
      case 'log':
        this.#deps.log(report.line);
        return;
      case 'figures':
        this.figures = report.figures;
        return;
      case 'drained':
        return;
      default: {
        const never: never = report;
        return never;
      }
    }
  }

  async #call({ id, call, service, request }: Extract<ProcessReport, { kind: 'call' }>): Promise<void> {
    const open = this.#jobs.get(id);
    if (open === undefined) return;
    const caller = {
      destination: this.#destination,
      delivery: open.job.delivery,
      eventId: open.job.event.id,
      signal: open.over.signal,
    };
    const answer = await answerOf(this.#deps.services, { service, request, caller });
    this.#send({ kind: 'answer', id, call, answer });
  }

  #abort(id: number, open: OpenJob, { reason }: AbortSignal): void {
    open.aborted = reason instanceof Error && reason.name === 'TimeoutError' ? 'timeout' : 'drain';
    open.timer = setTimeout(() => this.#condemn(), ABORT_LIMIT_MS); // (HP2)
    this.#send({ kind: 'abort', id, reason: open.aborted });
  }

  #condemn(): void {
    this.#isCondemned = true;
    this.#end();
  }

  #settle(id: number, ended: EndedJob): void {
    const open = this.#jobs.get(id);
    if (open === undefined) return;
    this.#jobs.delete(id);
    clearTimeout(open.timer);
    open.over.abort();
    open.resolve(ended);
    this.#drainIfIdle();
  }

  #drainIfIdle(): void {
    if (!this.#isDraining || this.#jobs.size > 0) return;
    this.#send({ kind: 'drain' });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.kill(), DRAIN_LIMIT_MS);
  }

  #fail(detail: string): void {
    this.#loading.resolve({ kind: 'failed', failure: { code: 'ACKLINE_HANDLER_NOT_LOADED', detail } });
    this.kill();
  }

  /** There was no process for it: there is no exit to hear of. */
  #notStarted(error: Error): void {
    const code = 'code' in error ? String(error.code) : error.name;
    this.#fail(`its process could not be started (${code})`);
    if (this.#child.pid === undefined) this.#exited(null);
  }

  /** What it had told before may still be unread: a job that has ended is not tried again. */
  async #ended(signal: string | null): Promise<void> {
    this.isGone = true;
    if (this.#child.pid !== undefined) killLeft(this.#child.pid); // also where it ended by itself, or for want of memory
    if (this.#child.connected) {
      await once(this.#child, 'disconnect', { signal: AbortSignal.timeout(LAST_WORDS_MS) }).catch(
        () => undefined,
      );
      await turn();
    }
    this.#exited(signal);
  }

  #exited(signal: string | null): void {
    this.isGone = true;
    clearTimeout(this.#timer);
    this.#loading.resolve({
      kind: 'failed',
      failure: { code: 'ACKLINE_HANDLER_NOT_LOADED', detail: `its process ended (${signal ?? 'by itself'})` },
    });
    // Which of them had begun is not known: the last words of a process may be lost with it.
    const alone = this.#jobs.size === 1;
    for (const [id, open] of this.#jobs) this.#settle(id, this.#fateOf(open, signal, alone));
    if (!this.#isKilled && !this.#isDraining) this.#countEnd(signal);
    this.#gone.resolve();
  }

  #countEnd(signal: string | null): void {
    const reason = this.#isCondemned ? 'timeout' : endOf(signal);
    const { ended } = this.figures;
    this.figures = { ...this.figures, ended: { ...ended, [reason]: ended[reason] + 1 } };
    this.#deps.log({ level: 'error', event: 'handler.process-ended', fields: { reason, signal } });
  }

  #fateOf({ aborted }: OpenJob, signal: string | null, alone: boolean): EndedJob {
    if (aborted === 'timeout') return { result: { kind: 'timeout' }, isSuspect: true };
    if (aborted !== null || this.#isKilled) return { result: { kind: 'aborted' }, isSuspect: false };
    if (this.#isCondemned) return { result: { kind: 'interrupted' }, isSuspect: false };
    if (!alone) return { result: { kind: 'interrupted' }, isSuspect: true }; // (HP3)
    return { result: { kind: 'thread-ended', reason: endOf(signal), detail: signal }, isSuspect: true };
  }
}

function endOf(signal: string | null): 'memory' | 'exit' {
  return signal !== null && MEMORY_SIGNALS.has(signal) ? 'memory' : 'exit';
}

interface Call {
  readonly service: Extract<ProcessReport, { kind: 'call' }>['service'];
  readonly request: unknown;
  readonly caller: Parameters<HandlerServices['cache.get']>[1];
}

/** null: it could not be answered, and nothing of why. */
async function answerOf(services: HandlerServices, { service, request, caller }: Call): Promise<unknown> {
  const serve = services[service] as (request: unknown, caller: unknown) => Promise<unknown>;
  try {
    return await serve(request, caller);
  } catch {
    return null;
  }
}
