import { write as writeInBackground, writeSync } from 'node:fs';

/** As many lines as fit are written at once: a write for each would cost a webhook more than all else that is logged of it. */
const WRITE_CHARS = 16_384;
/** A line is written after this at the latest. */
const FLUSH_MS = 100;
/** What waits for a reader that is slow; over it lines are dropped, and counted, since no webhook waits for a log. */
const MAX_WAITING_CHARS = 4 * 1024 * 1024;
/** How long a last word waits in all for a reader that is slow, and how long between two tries. */
const LAST_WORD_MS = 1_000;
const RETRY_MS = 10;

/** Where log lines go; pino calls `flushSync` after a last word (`fatal`). */
export interface LogOutput {
  write(line: string): void;
  /** Writes all that waits before it returns. */
  flushSync(): void;
}

/**
 * Lines for a file descriptor, written in the background. What waits is written when the process exits by itself; a kill that
 * can not be caught costs the lines of the last moment. Where nobody reads any more (a parent that was killed) nothing is
 * written from then on: pino's own destination would try for ever to write its last word there.
 */
export function createLogOutput(fd: 1 | 2): LogOutput {
  // Opening the stream makes a pipe non-blocking. Without it a reader that stalls would hold up a write, and with that the exit.
  if (fd === 1) void process.stdout;
  else void process.stderr;
  const output = new BackgroundOutput(fd);
  process.prependListener('beforeExit', () => output.flush());
  process.prependListener('exit', () => output.flushSync());
  return output;
}

class BackgroundOutput implements LogOutput {
  readonly #fd: number;
  #waiting = '';
  #dropped = 0;
  #timer: NodeJS.Timeout | null = null;
  #isWriting = false;
  #hasReader = true;

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(line: string): void {
    if (!this.#hasReader) return;
    if (this.#waiting.length > MAX_WAITING_CHARS) {
      this.#dropped += 1;
      return;
    }
    this.#waiting += line;
    if (this.#waiting.length >= WRITE_CHARS) this.flush();
    else this.#flushIn(FLUSH_MS);
  }

  flush(): void {
    if (this.#isWriting || this.#waiting === '') return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#isWriting = true;
    this.#writeRest(this.#take());
  }

  flushSync(): void {
    if (this.#waiting === '') return;
    // What is under way comes first; it can't be waited for here, so it gets a moment.
    if (this.#isWriting) pause(RETRY_MS);
    let rest = this.#take();
    for (let waitedMs = 0; rest.length > 0 && waitedMs < LAST_WORD_MS; ) {
      try {
        rest = rest.subarray(writeSync(this.#fd, rest));
      } catch (error) {
        if (!isBusy(error)) return this.#end();
        pause(RETRY_MS);
        waitedMs += RETRY_MS;
      }
    }
  }

  #take(): Buffer {
    const lines = this.#waiting;
    this.#waiting = '';
    return Buffer.from(lines);
  }

  #writeRest(bytes: Buffer): void {
    writeInBackground(this.#fd, bytes, (error, written) => {
      if (error !== null && !isBusy(error)) {
        this.#end();
        return;
      }
      const rest = error === null ? bytes.subarray(written) : bytes;
      if (rest.length > 0) {
        setTimeout(() => this.#writeRest(rest), error === null ? 0 : RETRY_MS);
        return;
      }
      this.#isWriting = false;
      this.#tellOfDropped();
      if (this.#waiting.length >= WRITE_CHARS) this.flush();
      else if (this.#waiting !== '') this.#flushIn(FLUSH_MS);
    });
  }

  #flushIn(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.flush();
    }, ms).unref();
  }

  #tellOfDropped(): void {
    if (this.#dropped === 0) return;
    const line = { level: 'warn', time: new Date().toISOString(), lines: this.#dropped, msg: 'log.dropped' };
    this.#dropped = 0;
    this.#waiting += `${JSON.stringify(line)}\n`;
  }

  #end(): void {
    this.#hasReader = false;
    this.#waiting = '';
  }
}

/** A pipe or terminal whose reader is slow. */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EAGAIN' || error.code === 'EBUSY');
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
