import { errorFrames, errorText } from '@ackline/shared/error-text';
import type { LogLevel } from '@ackline/shared/log-level';
import { type DestinationStream, type Logger as PinoLogger, pino, symbols } from 'pino';
import { createLogOutput } from './log-output.ts';

export type Logger = PinoLogger;

/** Longest text of an error that is logged: a driver may quote what it was given, and a line has a bound. */
const MAX_ERROR_MESSAGE_CHARS = 1_000;
/** How far `cause` is followed: the first cause tells what happened, deeper ones are rarely there. */
const MAX_CAUSE_DEPTH = 3;

export interface LoggedError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: LoggedError;
}

/**
 * An error as it may be logged: name, code and message, of its causes too, and nothing else. Drivers hang rows, parameters
 * and whole requests on their errors; taking only what is named here, and of a message only what quotes nothing, keeps payloads
 * and secrets out by construction.
 */
function describeError(error: unknown, withStack: boolean, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { name: 'NonError', message: typeof error };
  const code: unknown = 'code' in error ? error.code : undefined;
  const stack = withStack ? errorFrames(error) : undefined;
  return {
    name: error.name,
    message: errorText(error).slice(0, MAX_ERROR_MESSAGE_CHARS),
    ...(typeof code === 'string' || typeof code === 'number' ? { code: String(code) } : {}),
    ...(stack === undefined ? {} : { stack }),
    ...(error.cause !== undefined && depth < MAX_CAUSE_DEPTH
      ? { cause: describeError(error.cause, withStack, depth + 1) }
      : {}),
  };
}

export interface LoggerOptions {
  readonly service: string;
  readonly level: LogLevel;
  /** Standard output by default. */
  readonly destination?: DestinationStream;
}

/** One JSON object a line: ISO time, level by name, `service`, and `err` by `describeError` (the stack at debug only). */
export function createLogger({ service, level, destination }: LoggerOptions): Logger {
  const log: Logger = pino(
    {
      level,
      base: { service },
      timestamp: isoTime,
      formatters: { level: label => ({ level: label }) },
      // Asked at each error: the level may change meanwhile.
      serializers: { err: (error: unknown) => describeError(error, log.isLevelEnabled('debug')) },
    },
    destination ?? createLogOutput(1),
  );
  return log;
}

/** Writes what waits, now: for the moment before the process is ended from outside. */
export function flushLogs(log: Logger): void {
  const stream: unknown = Reflect.get(log, symbols.streamSym);
  if (stream instanceof Object && 'flushSync' in stream && typeof stream.flushSync === 'function') {
    stream.flushSync();
  }
}

let lastMs = -1;
let lastTime = '';

/** Many lines fall into one millisecond, and a date costs as much to write as the rest of a line. */
function isoTime(): string {
  const now = Date.now();
  if (now !== lastMs) {
    lastMs = now;
    lastTime = `,"time":"${new Date(now).toISOString()}"`;
  }
  return lastTime;
}
