export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** pino's names, and the upper-case names of Python's logging that teams which move over have in their LOG_LEVEL. */
const LEVELS: Readonly<Record<string, LogLevel>> = {
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  critical: 'fatal',
  fatal: 'fatal',
  silent: 'silent',
};

/** The level of a LOG_LEVEL value in any letter case; null where there is none of that name. */
export function parseLogLevel(name: string): LogLevel | null {
  const key = name.trim().toLowerCase();
  return Object.hasOwn(LEVELS, key) ? (LEVELS[key] ?? null) : null;
}
