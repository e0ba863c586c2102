// One of several processes behind one socket: a whole ingress, with its own event log, pool and spool file.
//
// V1. The parent's word ends it, or SIGTERM. Ctrl-C reaches the parent too, which decides for all.
// V2. If the parent is killed it drains and ends: the socket was the parent's, and a new parent may bind it at once.
import cluster, { type Worker } from 'node:cluster';
import type { App, ProgramContext } from '@ackline/runtime/main-program';
import type { SignalSource } from '@ackline/runtime/signals';
import { createApp } from '../app.ts';
import type { IngressConfig } from '../config.ts';
import type { ProcessCount } from '../http/health-report.ts';
import { isParentMessage, type ParentMessage } from './worker-messages.ts';

/** The parent asks there, and serves one operations port for all. */
const OWN_OPERATIONS = { host: '127.0.0.1', port: 0 } as const;

/** What ends a worker: SIGTERM, and the parent's word or end as the loss of a parent. */
export function createWorkerSignals(): SignalSource {
  const onInterrupt = () => undefined;
  const filters = new Map<() => void, (message: unknown) => void>();
  return {
    pid: process.pid,
    on(event, listener) {
      if (event === 'SIGINT') return process.on('SIGINT', onInterrupt); // (V1)
      if (event === 'disconnect') {
        const onMessage = (message: unknown) => {
          if (isParentMessage(message) && message.kind === 'drain') listener();
        };
        filters.set(listener, onMessage);
        process.on('message', onMessage);
      }
      return process.on(event, listener);
    },
    off(event, listener) {
      if (event === 'SIGINT') return process.off('SIGINT', onInterrupt);
      const onMessage = filters.get(listener);
      if (onMessage !== undefined) process.off('message', onMessage);
      return process.off(event, listener);
    },
    kill: (pid, signal) => process.kill(pid, signal),
    exit: code => process.exit(code),
  };
}

export async function createWorker(config: IngressConfig, context: ProgramContext): Promise<App> {
  const worker = cluster.worker;
  if (worker === undefined) throw new Error('This process is no worker');
  outliveParent(worker);
  let processes: ProcessCount = { count: config.processes ?? 1, alive: 1 };
  // Not a child of the log: that would keep its level when the log's changes.
  context.log.setBindings({ worker: worker.id });
  const app = await createApp({ ...config, operations: OWN_OPERATIONS }, context, () => processes);
  const onMessage = (message: unknown) => {
    if (isParentMessage(message)) obey(message);
  };
  const obey = (message: ParentMessage) => {
    switch (message.kind) {
      case 'retire':
        return app.retire();
      case 'reload':
        return void app.reload();
      case 'processes':
        processes = message.processes;
        return;
      case 'drain':
        return; // heard by `createWorkerSignals`
      default: {
        const never: never = message;
        return never;
      }
    }
  };
  process.on('message', onMessage);
  return {
    reload: () => app.reload(),
    async run(signal) {
      await app.run(signal);
      process.off('message', onMessage);
      // The channel to the parent keeps a process alive.
      if (process.connected) process.disconnect();
    },
  };
}

/** By default a worker whose parent has gone exits at once, with its answers unsent (V2). */
function outliveParent(worker: Worker): void {
  worker.once('disconnect', () => {
    worker.exitedAfterDisconnect = true;
  });
}
