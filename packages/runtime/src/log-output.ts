import { pino } from 'pino';

/** As many lines as fit are written at once: a write for each would cost a webhook more than all else that is logged of it. */
const WRITE_CHARS = 16_384;
/** A line is written after this at the latest. */
const FLUSH_MS = 100;
/** So many at a time for a reader that was slow; more than what is handed over at once, so that we say when to write. */
const MAX_WRITE_BYTES = 65_536;
/** What waits for a reader that is slow; over it lines are dropped, since no webhook waits for a log. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** Where log lines go; pino calls `flushSync` after a last word (`fatal`). */
export interface LogOutput {
  write(line: string): void;
  /** Writes all that waits before it returns. */
  flushSync(): void;
}

/**
 * Lines for a file descriptor, written in the background. What waits is written when the process exits by itself; a kill that
 * can not be caught costs the lines of the last moment. It collects lines itself, since the library measures all that waits
 * anew for each line.
 */
export function createLogOutput(fd: number): LogOutput {
  const stream = pino.destination({
    fd,
    sync: false,
    minLength: MAX_WRITE_BYTES - 1,
    maxWrite: MAX_WRITE_BYTES,
    maxLength: MAX_WAITING_BYTES,
    contentMode: 'buffer',
  });
  let waiting = '';
  let timer: NodeJS.Timeout | null = null;
  let isWriting = false;
  let hasMore = false;
  // What was handed over during a write is not written by itself.
  stream.on('drain', () => {
    isWriting = false;
    if (!hasMore) return;
    hasMore = false;
    flush();
  });

  function hand(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const lines = waiting;
    waiting = '';
    // Bytes, by `contentMode`, which the library's types do not know: of a text it would make two copies more.
    if (lines !== '') stream.write(Buffer.from(lines) as unknown as string);
  }

  function flush(): void {
    hand();
    if (isWriting) {
      hasMore = true;
      return;
    }
    isWriting = true;
    stream.flush();
  }

  function flushSync(): void {
    hand();
    stream.flushSync();
  }

  // Before the library's own listeners, which write what was handed over.
  process.prependListener('beforeExit', hand);
  process.prependListener('exit', hand);
  return {
    write(line) {
      waiting += line;
      if (waiting.length >= WRITE_CHARS) flush();
      else timer ??= setTimeout(flush, FLUSH_MS).unref();
    },
    flushSync,
  };
}
