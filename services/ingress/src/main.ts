import cluster from 'node:cluster';
import { runProgram } from '@ackline/runtime/main-program';
import { createApp } from './app.ts';
import { loadConfig } from './config.ts';
import { createParent } from './processes/parent.ts';
import { createWorker, createWorkerSignals } from './processes/worker.ts';

await runProgram({
  service: 'ingress',
  loadConfig,
  createApp(config, context) {
    if (cluster.isWorker) return createWorker(config, context);
    return config.processes === null ? createApp(config, context) : createParent(config, context);
  },
  ...(cluster.isWorker ? { signals: createWorkerSignals() } : {}),
});
