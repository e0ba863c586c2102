import { valueAt } from '@ackline/shared/providers/body/json-body';
import { programName } from '../output/program-name.ts';
import { printable } from '@ackline/shared/printable';

/** What is used of a line that a service logged. */
export interface LogLine {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  /** The event's name. */
  readonly event: string;
  readonly message: string;
  readonly code: string | null;
  /** Which, why and what to do: the fields of {@link SHOWN_FIELDS} that the line has, and the first of its problems. */
  readonly details: readonly string[];
  /** The command that shows more; null where none does. */
  readonly next: string | null;
}

const LEVELS: ReadonlySet<string> = new Set(['trace', 'debug', 'info', 'warn', 'error', 'fatal']);
const LOUD: ReadonlySet<string> = new Set(['warn', 'error', 'fatal']);

/** In the order in which they read well. A line has few of them; none is a payload or a secret. */
const SHOWN_FIELDS = [
  'destination',
  'reason',
  'status',
  'error',
  'errorCode',
  'code',
  'problem',
  'fix',
] as const;

/** Of `ackline`, by the event's name, or the reason. */
const NEXT_COMMANDS: ReadonlyMap<string, string> = new Map([
  ['Delivery parked', 'park'],
  ['gone', 'destinations'],
  ['config.refused', 'check'],
  ['handler.not-loaded', 'destinations'],
]);

/** Of a handler's module, from before it sees an event: what they say of it is shown. */
const ABOUT_MODULES: ReadonlySet<unknown> = new Set(['handler.not-loaded', 'handler.thread-not-started']);

/** null: the line is none of our logger's (a warning of Node, a crash). */
export function parseLogLine(line: string): LogLine | null {
  if (!line.startsWith('{')) return null;
  try {
    const fields = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const level = fields['level'];
    if (typeof level !== 'string' || !LEVELS.has(level)) return null;
    const error = fields['err'] as { message?: unknown; code?: unknown } | undefined;
    const event = text(fields['msg']) ?? '';
    return {
      level: level as LogLine['level'],
      event,
      message: text(error?.message) ?? '',
      code: text(fields['code']) ?? text(error?.code),
      details: detailsOf(fields),
      next: nextCommand(event, fields['reason']),
    };
  } catch {
    return null;
  }
}

/** Worth a line on the terminal; the rest is in the file. */
export function isLoud(line: LogLine): boolean {
  return LOUD.has(line.level);
}

/** "processor warn: Delivery parked (bot, exhausted, status 500) – npx ackline park". */
export function formatLogLine(service: string, line: LogLine): string {
  const [firstLine = ''] = line.message.split('\n', 1);
  const details = [...line.details, firstLine].filter(detail => detail !== '').map(printable);
  const cause = details.length === 0 ? '' : ` (${details.join(', ')})`;
  const next = line.next === null ? '' : ` – ${line.next}`;
  return `${service} ${line.level}: ${printable(line.event)}${cause}${next}`;
}

function nextCommand(event: string, reason: unknown): string | null {
  const command = NEXT_COMMANDS.get(event) ?? NEXT_COMMANDS.get(String(reason));
  return command === undefined ? null : `${programName()} ${command}`;
}

function detailsOf(fields: Readonly<Record<string, unknown>>): string[] {
  const shown = SHOWN_FIELDS.flatMap(name => {
    const value = fields[name];
    return typeof value === 'number' ? [`${name} ${value}`] : (text(value) ?? []);
  });
  const ofModule = ABOUT_MODULES.has(fields['event']) ? text(valueAt(fields, 'fields', 'detail')) : null;
  if (ofModule !== null) return [...shown, ofModule];
  const problems: unknown = fields['problems'];
  if (!Array.isArray(problems)) return shown;
  const more = problems.length > 1 ? `; and ${problems.length - 1} more` : '';
  return [...shown, `${text(problems[0]) ?? ''}${more}`];
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
