import { AppError } from '@ackline/shared/app-error';
import { errorCodes, type ErrorCode } from '@ackline/shared/error-codes';
import { errorFrames, errorText } from '@ackline/shared/error-text';
import { isUnreachable } from '@ackline/store/unreachable';
import { asTyped } from './program-name.ts';

/**
 * An error for the terminal: `error [CODE] what – what to do`. One that lists several places has them on lines of their own
 * below. The stack is shown with LOG_LEVEL=debug only.
 */
export function formatError(error: unknown, withStack: boolean): string {
  const { code, what } = classify(error);
  const { title, fix } = errorCodes[code];
  const isList = what.includes('\n');
  const lines = [
    asTyped(`error [${code}] ${withoutFullStop(isList ? title : what)} – ${withoutFullStop(fix)}`),
    ...(isList ? what.split('\n').map(line => `  ${line}`) : []),
    ...(withStack && error instanceof Error ? [errorFrames(error) ?? ''] : []),
  ];
  return lines.join('\n');
}

function classify(error: unknown): { code: ErrorCode; what: string } {
  if (error instanceof AppError) return { code: error.code, what: error.message };
  if (!(error instanceof Error))
    return { code: 'ACKLINE_INTERNAL', what: 'Something failed without a reason' };
  const what = describe(error);
  if (isUnreachable(error)) {
    return { code: 'ACKLINE_POSTGRES_UNAVAILABLE', what: `PostgreSQL does not answer (${what})` };
  }
  return { code: 'ACKLINE_COMMAND_FAILED', what };
}

/** Node reports a failed connection to several addresses as an AggregateError without a message. */
function describe(error: Error): string {
  if (error.message !== '') return errorText(error);
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  return first instanceof Error ? errorText(first) : error.name;
}

function withoutFullStop(text: string): string {
  return text.trimEnd().replace(/\.$/, '');
}
