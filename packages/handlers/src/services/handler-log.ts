import type { HandlerLog, LogFields } from '../handler-context.ts';
import type { HandlerLogLine } from '../thread/protocol.ts';
import { jsonOf } from './once.ts';

const MAX_TEXT_CHARS = 1_000;
const MAX_FIELDS_CHARS = 4_096;

/** Lines of one job, as they may be written: bounded, and of values that JSON has. */
export function createHandlerLog(
  write: (line: HandlerLogLine) => void,
  about: { readonly eventId: string },
): HandlerLog {
  const at = (level: HandlerLogLine['level']) => (text: string, fields?: LogFields) =>
    write({ level, event: String(text).slice(0, MAX_TEXT_CHARS), fields: { ...plain(fields), ...about } });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Whoever logs an error gets its class and code: its message may quote what the line must not hold. */
function plain(fields: LogFields | undefined): Record<string, unknown> {
  if (fields === undefined) return {};
  const described = Object.entries(fields).map(([name, value]) => [name, describe(value)] as const);
  const json = jsonOf(Object.fromEntries(described));
  if (typeof json !== 'string') return { fields: '(not shown: no JSON)' };
  if (json.length > MAX_FIELDS_CHARS) return { fields: '(not shown: over 4 KiB)' };
  return JSON.parse(json) as Record<string, unknown>;
}

function describe(value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const code: unknown = 'code' in value ? value.code : undefined;
  return { name: value.name, ...(typeof code === 'string' ? { code } : {}) };
}
