import { setTimeout as delay } from 'node:timers/promises';

/** Each write is synced to the disk; what is sent again after a kill is of this time. */
const WRITE_EVERY_MS = 100;

export interface CursorKeeper {
  /** Soon; the last one that is given is what is written. */
  keep(cursor: string | null): void;
  /** Now. */
  flush(): Promise<void>;
  /** Rejects where a write failed. */
  readonly failed: Promise<never>;
}

/** Writes the newest cursor, one write at a time and not more often than every 100 ms. */
export function createCursorKeeper(write: (cursor: string) => Promise<void>): CursorKeeper {
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => undefined); // it is told to who waits for it
  let wanted: string | null = null;
  let written: string | null = null;
  let running: Promise<void> | null = null;

  const writeAll = async () => {
    while (wanted !== null && wanted !== written) {
      const cursor = wanted;
      await write(cursor);
      written = cursor;
      await delay(WRITE_EVERY_MS);
    }
  };
  const start = () => {
    running ??= writeAll().then(
      () => {
        running = null;
        if (wanted !== written) start();
      },
      (error: unknown) => {
        running = null;
        reject(error);
      },
    );
  };
  return {
    failed,
    keep(cursor) {
      if (cursor === null || cursor === wanted) return;
      wanted = cursor;
      start();
    },
    async flush() {
      while (running !== null) await running;
    },
  };
}
