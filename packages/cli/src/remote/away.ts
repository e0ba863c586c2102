import { setTimeout as delay } from 'node:timers/promises';

const FIRST_WAIT_MS = 250;
/** A laptop that wakes up goes on within seconds. */
const LONGEST_WAIT_MS = 5_000;

export interface Away {
  /** Says so once, and waits longer each time. Resolves at once when `stop` is aborted. */
  wait(why: string): Promise<void>;
  /** It answers: says so where it was away. */
  back(): void;
}

export interface AwayOptions {
  readonly say: (text: string) => void;
  readonly gone: (why: string) => string;
  readonly returned: string;
  readonly stop: AbortSignal;
}

/** One who does not answer: said once, tried again by itself, and said again when it is back. */
export function createAway({ say, gone, returned, stop }: AwayOptions): Away {
  let waits = 0;
  return {
    async wait(why) {
      if (waits === 0) say(gone(why));
      const ms = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** waits);
      waits = Math.min(waits + 1, 10);
      await delay(ms, undefined, { signal: stop }).catch(() => undefined);
    },
    back() {
      if (waits > 0) say(returned);
      waits = 0;
    },
  };
}
