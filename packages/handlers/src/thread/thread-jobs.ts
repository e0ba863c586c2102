import { getHeapStatistics } from 'node:v8';
import { createNameLookup } from '@ackline/runtime/name-lookup';
import { valueAt } from '@ackline/shared/providers/body/json-body';
import type { Handler } from '../define-handler.ts';
import { createHttpClient, type HttpClient } from '../http/http-client.ts';
import { codeOf, nameOf, placeOf } from '../job/job-result.ts';
import { jobScope } from '../job/job-scope.ts';
import { runJob } from '../job/run-job.ts';
import { createMonitor, monitoredFigures } from '../monitored.ts';
import { watchLoop } from '../monitoring/loop-watch.ts';
import { type ClosablePg, createHandlerPg } from '../services/handler-pg.ts';
import { startFiguresPost } from './figures-post.ts';
import { createHostCalls, type HostCalls } from './host-calls.ts';
import { createLineLimit, type LineLimit } from './line-limit.ts';
import type {
  AbortReason,
  HostMessage,
  HttpLimits,
  JobEvent,
  ThreadMessage,
  ThreadSetup,
} from './protocol.ts';

const MAX_CONNECTIONS = 1_000;

/** The jobs of one thread, from within it. */
export interface ThreadJobs {
  take(message: HostMessage): void;
  /** Of a rejection that nobody waits for. */
  lose(error: unknown): void;
  /** Of an error that nobody could catch. */
  crash(error: unknown): void;
}

export interface ThreadJobsOptions {
  readonly handler: Handler;
  readonly setup: ThreadSetup;
  readonly post: (message: ThreadMessage) => void;
  /** Ends the thread, but for what the module itself keeps open. */
  readonly close: () => void;
}

export function createThreadJobs(options: ThreadJobsOptions): ThreadJobs {
  return new Jobs(options);
}

class Jobs implements ThreadJobs {
  readonly #options: ThreadJobsOptions;
  readonly #http: HttpClient;
  readonly #pg: ClosablePg;
  readonly #calls: HostCalls;
  readonly #lines: LineLimit;
  readonly #figures: { stop(): void };
  readonly #handled = createMonitor();
  readonly #running = new Map<number, AbortController>();
  #isDraining = false;

  constructor(options: ThreadJobsOptions) {
    const { setup, post } = options;
    this.#options = options;
    this.#http = createHttpClient({ limits: httpLimitsOf(setup), lookup: createNameLookup() });
    this.#pg = createHandlerPg(setup.pg, setup.destination);
    this.#calls = createHostCalls(post);
    this.#lines = createLineLimit(line => post({ kind: 'log', line }));
    const loop = watchLoop();
    const read = () => ({
      http: this.#http.figures(),
      handled: this.#handled.figures(),
      monitored: monitoredFigures(),
      loop: loop(),
      heapBytes: getHeapStatistics().used_heap_size,
      droppedLogLines: this.#lines.dropped,
    });
    this.#figures = startFiguresPost(read, figures => post({ kind: 'figures', figures }));
  }

  take(message: HostMessage): void {
    switch (message.kind) {
      case 'job':
        void this.#run(message.id, message.event);
        return;
      case 'abort':
        this.#running.get(message.id)?.abort(abortError(message.reason));
        this.#options.post({ kind: 'aborting', id: message.id });
        return;
      case 'answer':
        this.#calls.answered(message.call, message.answer);
        return;
      case 'drain':
        this.#isDraining = true;
        void this.#endIfIdle();
        return;
      default: {
        const never: never = message;
        return never;
      }
    }
  }

  lose(error: unknown): void {
    this.#tell('handler.rejection-lost', error);
    jobScope.getStore()?.lose(error);
  }

  crash(error: unknown): void {
    this.#tell('handler.exception-uncaught', error);
    const scope = jobScope.getStore();
    if (scope === undefined) this.#options.post({ kind: 'worn', id: null });
    else scope.crash(error);
  }

  async #run(id: number, event: JobEvent): Promise<void> {
    const { handler, setup, post } = this.#options;
    const abort = new AbortController();
    this.#running.set(id, abort);
    post({ kind: 'begun', id });
    const deps = {
      setup,
      http: this.#http,
      pg: this.#pg,
      ask: this.#calls.of(id),
      log: this.#lines.write,
      crashed: (result: Extract<ThreadMessage, { kind: 'done' }>['result']) =>
        post({ kind: 'worn', id, result }),
      attribute: (name: string, value: string | number | boolean) =>
        post({ kind: 'attribute', id, name, value }),
    };
    const result = await this.#handled.count(
      handler.name,
      () => runJob(handler, event, deps, abort.signal),
      ({ kind }) => kind === 'failed' || kind === 'undecodable',
    );
    this.#running.delete(id);
    post({ kind: 'done', id, result });
    if (this.#isDraining) await this.#endIfIdle();
  }

  async #endIfIdle(): Promise<void> {
    if (this.#running.size > 0) return;
    this.#figures.stop();
    await Promise.allSettled([this.#http.close(), this.#pg.close()]);
    this.#options.close();
  }

  #tell(event: string, error: unknown): void {
    const fields = { error: nameOf(error), code: codeOf(error), at: placeOf(error) };
    this.#lines.write({ level: 'error', event, fields });
  }
}

function abortError(reason: AbortReason): DOMException {
  return reason === 'timeout'
    ? new DOMException('the time of the attempt is over', 'TimeoutError')
    : new DOMException('the processor drains', 'AbortError');
}

/** `settings.http` wins over the process's own. */
function httpLimitsOf({ http, settings }: ThreadSetup): HttpLimits {
  const given = (name: keyof HttpLimits) => {
    const value = valueAt(settings, 'http', name);
    return typeof value === 'number' && value >= 1
      ? Math.min(Math.floor(value), MAX_CONNECTIONS)
      : http[name];
  };
  return { connections: given('connections'), keepAlive: given('keepAlive') };
}
