/** Work that goes on for as long as there is some, once at a time. It may pause, and no pause lasts once it is hurried. */
export interface FlushableWork {
  /** Where there is some, and it is not under way. */
  start(): void;
  /** Somebody waits for its end. */
  readonly isFlushed: boolean;
  /** Of the work itself: until `end`, or until it is hurried. */
  pause(end: Promise<void>): Promise<void>;
  hurry(): void;
  /** Hurries it. Resolves when there is none left. */
  flush(): Promise<void>;
}

/** `work` takes up what there is, also what comes meanwhile, and never throws. */
export function createFlushableWork(isThere: () => boolean, work: () => Promise<void>): FlushableWork {
  let working: Promise<void> | null = null;
  let flushes = 0;
  let hurry = () => {};

  function start(): void {
    if (!isThere()) return;
    working ??= work().finally(() => {
      working = null;
      start();
    });
  }

  return {
    start,
    get isFlushed() {
      return flushes > 0;
    },
    async pause(end) {
      const hurried = new Promise<void>(resolve => {
        hurry = resolve;
      });
      await Promise.race([end, hurried]);
    },
    hurry: () => hurry(),
    async flush() {
      flushes += 1;
      hurry();
      while (working !== null) await working;
      flushes -= 1;
    },
  };
}
