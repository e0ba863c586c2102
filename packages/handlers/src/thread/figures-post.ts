import { isDeepStrictEqual } from 'node:util';
import type { ThreadFigures } from './figures.ts';

const EVERY_MS = 1_000;

/** Tells a thread's figures once a second, where something changed; the heap alone does not count. */
export function startFiguresPost(
  read: () => ThreadFigures,
  post: (figures: ThreadFigures) => void,
): { stop(): void } {
  let last: ThreadFigures | null = null;
  const postChanged = () => {
    const figures = read();
    if (last !== null && isDeepStrictEqual({ ...figures, heapBytes: 0 }, { ...last, heapBytes: 0 })) return;
    last = figures;
    post(figures);
  };
  const timer = setInterval(postChanged, EVERY_MS);
  timer.unref();
  postChanged();
  return {
    stop() {
      clearInterval(timer);
      postChanged();
    },
  };
}
