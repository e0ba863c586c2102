import { AppError } from '@ackline/shared/app-error';
import { errorText } from '@ackline/shared/error-text';

/** Longer than any message of a server is useful. */
const MAX_CHARS = 300;

/** What an error says, in one bounded line, with its code where its message has none. */
export function problemText(error: unknown): string {
  if (error instanceof AppError) return bounded(error.message);
  if (!(error instanceof Error)) return 'it failed without a reason';
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  const cause = first instanceof Error ? first : error;
  const code: unknown = 'code' in cause ? cause.code : undefined;
  const text = bounded(errorText(cause));
  return typeof code === 'string' && !text.includes(code) ? `${code}: ${text}` : text;
}

function bounded(text: string): string {
  const line = text
    .replaceAll(/\s*\n\s*/g, ' ')
    .trim()
    .replace(/\.$/, '');
  return line.length <= MAX_CHARS ? line : `${line.slice(0, MAX_CHARS)}…`;
}
