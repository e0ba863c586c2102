import { setTimeout as delay } from 'node:timers/promises';

/** Of the time in which nothing went, so much is made up for, as with replays. */
const WINDOW_MS = 1_000;

export interface PaceDeps {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<unknown>;
}

/** Asked after each one, it resolves when the next one may go: so many a second. */
export function createPace(
  ratePerS: number,
  { now, sleep }: PaceDeps = { now: () => performance.now(), sleep: ms => delay(ms) },
): () => Promise<void> {
  let dueAt = now();
  return async () => {
    dueAt = Math.max(dueAt, now() - WINDOW_MS) + 1_000 / ratePerS;
    const waitMs = dueAt - now();
    if (waitMs > 0) await sleep(waitMs);
  };
}
