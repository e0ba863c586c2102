import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { createLineLimiter } from './line-limiter.ts';
import { openLogFile } from './log-file.ts';
import { formatLogLine, isLoud, type LogLine, parseLogLine } from './log-line.ts';

/** More than a person reads at once: a store that is away makes every request log one. */
const TERMINAL_LINES = 10;
const TERMINAL_WINDOW_MS = 10_000;
/** Lines that say why a service ended, where it did not log it. */
const LAST_LINES = 20;

export interface ServiceOutputOptions {
  readonly service: string;
  /** Development: all goes to this file, and what is loud to the terminal. null: all goes out unchanged. */
  readonly logPath: string | null;
  readonly say: (text: string) => void;
  readonly pass: (line: string) => void;
}

/** Where the lines of one service go, over all its restarts. */
export interface ServiceOutput {
  read(stream: Readable): void;
  line(text: string): void;
  /** Why the service ended, by its own words. */
  lastWords(): { readonly fatal: LogLine | null; readonly lines: readonly string[] };
  /** Forgets the last words: a new process begins. */
  begin(): void;
  close(): void;
}

export function createServiceOutput(options: ServiceOutputOptions): ServiceOutput {
  const { service, logPath } = options;
  const file = logPath === null ? null : openLogFile(logPath);
  const limiter = createLineLimiter(options.say, {
    lines: TERMINAL_LINES,
    windowMs: TERMINAL_WINDOW_MS,
    more: count => `${service}: ${count} more warnings and errors in ${logPath ?? 'the log'}`,
  });
  let fatal: LogLine | null = null;
  let lines: string[] = [];

  const line = (text: string) => {
    const parsed = parseLogLine(text);
    if (parsed === null) lines = [...lines, text].slice(-LAST_LINES);
    else if (parsed.level === 'fatal') fatal = parsed;
    if (file === null) {
      options.pass(text);
      return;
    }
    file.line(text);
    // The last words of a service are said by whoever waits for it.
    if (parsed !== null && isLoud(parsed) && parsed.level !== 'fatal')
      limiter.line(formatLogLine(service, parsed));
  };
  return {
    line,
    read(stream) {
      createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', line);
    },
    lastWords: () => ({ fatal, lines }),
    begin() {
      fatal = null;
      lines = [];
    },
    close() {
      limiter.flush();
      file?.close();
    },
  };
}
