/** Where a command writes. Results go to `line` (standard output), everything about the work to `note` (standard error). */
export interface Terminal {
  readonly line: (text: string) => void;
  readonly note: (text: string) => void;
  /** A state that changes: rewritten in place on a terminal; elsewhere (a log file, CI) said at most every 10 seconds. */
  readonly progress: (text: string) => void;
}

export interface TextStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Often enough to show that work goes on, rarely enough that a log stays readable. */
const PLAIN_PROGRESS_EVERY_MS = 10_000;
/** Redrawing a terminal line more often than this only costs time. */
const TTY_PROGRESS_EVERY_MS = 100;
const CLEAR_LINE = '\r\u001b[2K';

export function createTerminal(streams: { out: TextStream; err: TextStream; now: () => number }): Terminal {
  const { out, err, now } = streams;
  const isTty = err.isTTY === true;
  const everyMs = isTty ? TTY_PROGRESS_EVERY_MS : PLAIN_PROGRESS_EVERY_MS;
  let lastProgressAt = now();
  let isOpen = false;

  const closeProgress = () => {
    if (isOpen) err.write(CLEAR_LINE);
    isOpen = false;
  };
  return {
    line(text) {
      closeProgress();
      out.write(`${text}\n`);
    },
    note(text) {
      closeProgress();
      err.write(`${text}\n`);
    },
    progress(text) {
      if (now() - lastProgressAt < everyMs) return;
      lastProgressAt = now();
      err.write(isTty ? `${CLEAR_LINE}${text}` : `${text}\n`);
      isOpen = isTty;
    },
  };
}
