import type { ConsoleSchemas } from '@ackline/console-client/client';
import { AppError } from '@ackline/shared/app-error';
import { type ErrorCode, errorCodes } from '@ackline/shared/error-codes';
import { printable } from '@ackline/shared/printable';

/** An answer of which the beginning is shown: it may be a page of a proxy. */
const SHOWN_CHARS = 200;

/** What a console answered that it did not do, as an error of ours. */
export function refusal(error: unknown, status: number): AppError {
  if (isProblem(error)) return new AppError(error.code as ErrorCode, printable(error.detail));
  const text = typeof error === 'string' ? printable(error.trim()).slice(0, SHOWN_CHARS) : '';
  return new AppError('ACKLINE_CONSOLE_UNKNOWN', `It answered ${status}${text === '' ? '' : `: ${text}`}`);
}

function isProblem(error: unknown): error is ConsoleSchemas['Problem'] {
  if (typeof error !== 'object' || error === null) return false;
  return (
    'code' in error &&
    typeof error.code === 'string' &&
    Object.hasOwn(errorCodes, error.code) &&
    'detail' in error &&
    typeof error.detail === 'string'
  );
}

/** The same call may go well later: the console is busy, starts, or PostgreSQL is away. Of what is no console a proxy says so. */
export function isPassing(error: AppError, status: number): boolean {
  return error.retryable || status >= 500;
}
