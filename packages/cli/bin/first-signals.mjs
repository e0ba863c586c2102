// Loaded before a program of the image. To process 1 a signal without a listener does nothing: one that came while the modules
// load would be lost, and the container would run on until it is killed. Once the program listens itself, that alone counts.
import { constants } from 'node:os';
import { isMainThread } from 'node:worker_threads';

if (process.pid === 1 && isMainThread) {
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(128 + constants.signals[signal]);
    });
  }
}
