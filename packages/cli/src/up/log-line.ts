import { printable } from '../output/text-table.ts';

/** What is used of a line that a service logged. */
export interface LogLine {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  /** The event's name. */
  readonly event: string;
  readonly message: string;
  readonly code: string | null;
}

const LEVELS: ReadonlySet<string> = new Set(['trace', 'debug', 'info', 'warn', 'error', 'fatal']);
const LOUD: ReadonlySet<string> = new Set(['warn', 'error', 'fatal']);

/** null: the line is none of our logger's (a warning of Node, a crash). */
export function parseLogLine(line: string): LogLine | null {
  if (!line.startsWith('{')) return null;
  try {
    const fields = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const level = fields['level'];
    if (typeof level !== 'string' || !LEVELS.has(level)) return null;
    const error = fields['err'] as { message?: unknown; code?: unknown } | undefined;
    return {
      level: level as LogLine['level'],
      event: text(fields['msg']) ?? '',
      message: text(error?.message) ?? '',
      code: text(fields['code']) ?? text(error?.code),
    };
  } catch {
    return null;
  }
}

/** Worth a line on the terminal; the rest is in the file. */
export function isLoud(line: LogLine): boolean {
  return LOUD.has(line.level);
}

/** "ingress warn: kafka.unreachable (connect ECONNREFUSED)". */
export function formatLogLine(service: string, line: LogLine): string {
  const [firstLine = ''] = line.message.split('\n', 1);
  const cause = firstLine === '' ? '' : ` (${printable(firstLine)})`;
  return `${service} ${line.level}: ${printable(line.event)}${cause}`;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
