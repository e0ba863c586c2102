import { type HandlerLogLine, LOG_LINES_PER_SECOND } from './protocol.ts';

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
  return {
    write: line => {
      const current = Math.floor(now() / 1_000);
      if (current !== second) {
        second = current;
        passed = 0;
        if (untold > 0) {
          pass({ level: 'warn', event: 'handler.lines-dropped', fields: { lines: untold } });
          untold = 0;
        }
      }
      if (passed < perSecond) {
        passed += 1;
        pass(line);
        return;
      }
      dropped += 1;
      untold += 1;
    },
    get dropped() {
      return dropped;
    },
  };
}
