import cluster, { type Worker } from 'node:cluster';
import type { MonitoredProcess } from '@ackline/runtime/merged-operations';
import { isChildMessage } from '@ackline/runtime/parent-channel';
import type { LogLevel } from '@ackline/shared/log-level';
import { AppError } from '@ackline/shared/app-error';
import { keepHandedConnections } from './handed-connections.ts';
import type { ParentMessage } from './worker-messages.ts';

/** A worker that does not say "started" in this time hangs: loading takes seconds, a busy machine makes it a minute. */
const START_LIMIT_MS = 60_000;

/** A worker as its parent sees it. */
export interface WorkerProcess extends MonitoredProcess {
  readonly pid: number;
  /** Where all workers listen; 0 before it has started. */
  httpPort(): number;
  /** Resolves once it serves. Rejects with the error that it ended with, or ACKLINE_SERVICE_FAILED. */
  readonly started: Promise<void>;
  /** How it ended: "exit code 1", "SIGKILL". */
  readonly ended: Promise<string>;
  hasEnded(): boolean;
  tell(message: ParentMessage): void;
  kill(): void;
}

/** `onLogLevel` hears the level of the worker's log whenever that has read ackline.yaml. */
export function forkWorker(onLogLevel: (level: LogLevel) => void): WorkerProcess {
  const worker = cluster.fork();
  keepHandedConnections(worker);
  const ports = { http: 0, operations: 0 };
  let over: string | null = null;
  let failure: AppError | null = null;
  const name = `worker ${worker.id}`;
  const { promise: started, resolve: markStarted, reject: markFailed } = Promise.withResolvers<void>();
  const { promise: ended, resolve: markEnded } = Promise.withResolvers<string>();
  const limit = setTimeout(() => {
    markFailed(startError(name, `it did not start within ${START_LIMIT_MS / 1_000} s`));
  }, START_LIMIT_MS);

  worker.on('message', (message: unknown) => {
    if (!isChildMessage(message)) return;
    if (message.kind === 'listening') ports[message.name] = message.port;
    else if (message.kind === 'failed') failure = new AppError(message.code, message.message);
    else if (message.kind === 'log-level') onLogLevel(message.level);
    else {
      clearTimeout(limit);
      markStarted();
    }
  });
  const end = (how: string) => {
    clearTimeout(limit);
    over ??= how;
    markFailed(failure ?? startError(name, how));
    markEnded(over);
  };
  worker.once('exit', (code, signal) => end(signal ?? `exit code ${code}`));
  worker.on('error', error => end(error.message)); // each message that can't be sent is one
  started.catch(() => undefined); // who waits for it hears it

  return {
    name,
    pid: worker.process.pid ?? 0,
    started,
    ended,
    hasEnded: () => over !== null,
    httpPort: () => ports.http,
    operationsPort: () => (ports.operations === 0 || over !== null ? null : ports.operations),
    tell: message => tell(worker, message),
    kill: () => void worker.process.kill('SIGKILL'),
  };
}

function tell(worker: Worker, message: ParentMessage): void {
  if (!worker.isConnected()) return;
  // It may end at any moment: then nobody is left to tell.
  worker.send(message, () => undefined);
}

function startError(name: string, how: string): AppError {
  return new AppError('ACKLINE_SERVICE_FAILED', `${name} did not start (${how})`);
}
