import { type HandlerLogLine, LOG_LINES_PER_SECOND } from './protocol.ts';

const SECOND_MS = 1_000;

/** So many lines a second pass; the others are counted, and told in one line. */
export interface LineLimit {
  readonly write: (line: HandlerLogLine) => void;
  /** Since the start. */
  readonly dropped: number;
}

export interface LineLimitOptions {
  /** Monotonic milliseconds. */
  readonly now?: () => number;
  readonly perSecond?: number;
}

export function createLineLimit(
  pass: (line: HandlerLogLine) => void,
  { now = () => performance.now(), perSecond = LOG_LINES_PER_SECOND }: LineLimitOptions = {},
): LineLimit {
  let second = -1;
  let passed = 0;
  let untold = 0;
  let dropped = 0;

  function tell(): void {
    if (untold === 0) return;
    pass({ level: 'warn', event: 'handler.lines-dropped', fields: { lines: untold } });
    untold = 0;
  }

  return {
    write: line => {
      const current = Math.floor(now() / SECOND_MS);
      if (current !== second) {
        second = current;
        passed = 0;
        tell();
      }
      if (passed < perSecond) {
        passed += 1;
        pass(line);
        return;
      }
      dropped += 1;
      untold += 1;
      if (untold === 1) setTimeout(tell, SECOND_MS).unref(); // it may write no more
    },
    get dropped() {
      return dropped;
    },
  };
}
