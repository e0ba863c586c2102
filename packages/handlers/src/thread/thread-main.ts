// The entry of a thread: loads the handler, and runs the jobs that its process hands over.
import { parentPort, workerData } from 'node:worker_threads';
import { loadHandler } from './load-handler.ts';
import { registerOwnModules } from './own-modules.ts';
import type { HostMessage, ThreadMessage, ThreadSetup } from './protocol.ts';
import { createThreadJobs } from './thread-jobs.ts';

const setup = workerData as ThreadSetup;
const port = parentPort;
if (port === null) throw new Error('this file is the entry of a thread');
const post = (message: ThreadMessage) => port.postMessage(message);

registerOwnModules();
const loading = await loadHandler(setup);
if (loading.kind === 'failed') {
  post({ kind: 'failed', failure: loading.failure });
} else {
  const { handler } = loading;
  const jobs = createThreadJobs({ handler, setup, post, close: () => port.close() });
  process.on('unhandledRejection', error => jobs.lose(error));
  process.on('uncaughtException', error => jobs.crash(error));
  port.on('message', (message: HostMessage) => jobs.take(message));
  post({ kind: 'ready', loaded: { handler: handler.name, provider: handler.source.provider } });
}
