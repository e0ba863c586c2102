// A service as a child process.
//
// CS1. It is in a process group of its own: Ctrl-C in a terminal reaches `up` alone, which then ends the services in order.
// CS2. If `up` is killed, the closed IPC channel tells the service to drain.
// CS3. A service that hangs in its drain is killed once the drain deadline that it set itself has passed.
import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Component } from '@ackline/runtime/component';
import { END_LIMIT_MS } from '@ackline/runtime/drain';
import type { Environment } from '@ackline/runtime/environment';
import { NODE_ARGUMENTS } from '@ackline/runtime/node-arguments';
import { isChildMessage } from '@ackline/runtime/parent-channel';
import { AppError } from '@ackline/shared/app-error';
import { type ErrorCode, errorCodes } from '@ackline/shared/error-codes';
import type { ServiceOutput } from './service-output.ts';

/** A service that does not say "started" in this time hangs: loading takes seconds, a busy machine makes it a minute. */
const START_LIMIT_MS = 120_000;

export interface ChildServiceOptions {
  readonly name: string;
  /** The service's main.ts. */
  readonly entry: string;
  /** Asked at each start: what it names is known only once the parts before have started. */
  environment(): Environment;
  readonly output: ServiceOutput;
  /** A new process runs; after a restart too. */
  onSpawn(pid: number): void;
  /** It ended by itself, and has started again. */
  onRestarted(): void;
}

export interface ChildService extends Component {
  /** Resolves once the service says that it has started. Rejects with its own error code, or ACKLINE_SERVICE_FAILED. */
  start(): Promise<void>;
  /** Where it listens; null while it does not. */
  httpPort(): number | null;
  operationsPort(): number | null;
  /** SIGHUP reads its configuration again, SIGUSR2 replaces its processes. */
  signal(signal: 'SIGHUP' | 'SIGUSR2'): void;
  kill(): void;
}

interface Running {
  readonly child: ChildProcess;
  /** How it ended: "exit code 1", "SIGKILL". */
  readonly ended: Promise<string>;
}

export function createChildService(options: ChildServiceOptions): ChildService {
  const { name, output } = options;
  let running: Running | null = null;
  let ports: { http: number | null; operations: number | null } = { http: null, operations: null };

  async function start(): Promise<void> {
    ports = { http: null, operations: null };
    output.begin();
    const child = fork(options.entry, [], {
      env: options.environment(),
      execArgv: [...NODE_ARGUMENTS],
      detached: true, // (CS1)
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'], // (CS2)
    });
    const { promise: started, resolve: markStarted } = Promise.withResolvers<null>();
    child.on('message', message => {
      if (!isChildMessage(message)) return;
      if (message.kind === 'started') markStarted(null);
      else if (message.kind === 'listening') ports[message.name] = message.port;
    });
    const current: Running = { child, ended: untilEnded(child, output) };
    running = current;
    if (child.pid !== undefined) options.onSpawn(child.pid);
    using limit = startLimit();
    const failure = await Promise.race([started, current.ended, limit.over]);
    if (failure === null) return;
    running = null;
    await killHard(current);
    throw startError(name, failure, output);
  }

  return {
    name,
    start,
    httpPort: () => ports.http,
    operationsPort: () => ports.operations,
    signal: signal => void running?.child.kill(signal),
    kill() {
      if (running !== null) killGroup(running.child);
    },
    async run(signal) {
      if (running === null) {
        await start();
        options.onRestarted();
      }
      const current = running;
      if (current === null) return;
      const stopped = Promise.withResolvers<null>();
      const onAbort = () => stopped.resolve(null);
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
      const ending = await Promise.race([current.ended, stopped.promise]);
      signal.removeEventListener('abort', onAbort);
      running = null;
      if (ending !== null) throw new Error(`${name} ended by itself: ${ending}`);
      await stop(current);
    },
  };
}

function untilEnded(child: ChildProcess, output: ServiceOutput): Promise<string> {
  if (child.stdout !== null) output.read(child.stdout);
  if (child.stderr !== null) output.read(child.stderr);
  return new Promise(resolve => {
    child.once('error', error => resolve(error.message));
    // `close` comes after the last line of output.
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code ?? 'unknown'}`));
  });
}

function startLimit(): Disposable & { readonly over: Promise<string> } {
  const { promise, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(
    () => resolve(`it did not start within ${START_LIMIT_MS / 1_000} s`),
    START_LIMIT_MS,
  );
  return { over: promise, [Symbol.dispose]: () => clearTimeout(timer) };
}

async function stop({ child, ended }: Running): Promise<void> {
  child.kill('SIGTERM');
  const limit = new AbortController();
  const late = delay(END_LIMIT_MS, 'late', { signal: limit.signal }).catch(() => null);
  if ((await Promise.race([ended, late])) === 'late') killGroup(child); // (CS3)
  limit.abort();
  await ended;
}

/** The service with the processes that it owns: they are of its group (CS1). */
function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // it has ended already
  }
}

async function killHard({ child, ended }: Running): Promise<void> {
  killGroup(child);
  await ended;
}

function startError(name: string, failure: string, output: ServiceOutput): AppError {
  const { fatal, lines } = output.lastWords();
  if (fatal !== null && isErrorCode(fatal.code)) return new AppError(fatal.code, `${name}: ${fatal.message}`);
  const words = fatal?.message ?? lines.join('\n');
  const why = words === '' ? '' : `. Its last words: ${words}`;
  return new AppError('ACKLINE_SERVICE_FAILED', `${name} did not start (${failure})${why}`);
}

function isErrorCode(code: string | null): code is ErrorCode {
  return code !== null && Object.hasOwn(errorCodes, code);
}
