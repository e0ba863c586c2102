/** Lets a loop sleep until something happens, a time has passed, or it is to stop. A wake that comes first is not lost. */
export interface Wakeup {
  wake(): void;
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

export function createWakeup(): Wakeup {
  let woken = false;
  let resolveWait: (() => void) | null = null;
  return {
    wake() {
      woken = true;
      resolveWait?.();
    },
    async wait(ms, signal) {
      if (!woken && !signal.aborted) {
        await new Promise<void>(resolve => {
          const timer = setTimeout(() => done(), ms);
          // Whatever ends the wait takes the listener away: the signal outlives any number of waits.
          const done = () => {
            clearTimeout(timer);
            signal.removeEventListener('abort', done);
            resolve();
          };
          resolveWait = done;
          signal.addEventListener('abort', done, { once: true });
        });
        resolveWait = null;
      }
      woken = false;
    },
  };
}
