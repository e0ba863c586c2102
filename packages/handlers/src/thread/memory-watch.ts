import type { Worker } from 'node:worker_threads';

const LOOK_EVERY_MS = 250;
/** What V8 lets pile up before it looks for buffers that nobody has any more. */
const UNCOLLECTED_BYTES = 64 * 1_048_576;

export interface MemoryWatch {
  /** Of buffers beside the heap, which V8 bounds itself. */
  readonly maxBufferBytes: number;
  readonly isWatched: () => boolean;
  readonly onExceeded: () => void;
}

/** V8's limit of a thread does not count buffers. Asked from outside, so that it is heard too where the thread loops. */
export function watchMemory(
  worker: Worker,
  { maxBufferBytes, isWatched, onExceeded }: MemoryWatch,
): () => void {
  const limit = maxBufferBytes + UNCOLLECTED_BYTES;
  const timer = setInterval(() => {
    if (!isWatched()) return;
    worker.getHeapStatistics().then(
      ({ external_memory: bytes }) => {
        if (bytes > limit) onExceeded();
      },
      () => undefined, // it has ended
    );
  }, LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
