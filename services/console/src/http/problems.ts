import { AppError } from '@ackline/shared/app-error';
import { type ErrorCode, errorCodes } from '@ackline/shared/error-codes';
import { createProblem, PROBLEM_CONTENT_TYPE, type Problem } from '@ackline/shared/problem';
import { reachedLimit } from '@ackline/store/lock-patience';
import { isUnreachable } from '@ackline/store/unreachable';
import type { Response } from 'express';

/** By then a server that was restarted answers, and a live view that was closed is gone. */
const RETRY_AFTER_S = 5;
/** By then the window of failed sign-ins is over. */
const FAILED_RETRY_AFTER_S = 60;

interface Refusal {
  readonly code: ErrorCode;
  /** null: the code's own words. */
  readonly detail: string | null;
}

/** What of an error the caller is told: nothing of the inside but the code. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof AppError) {
    const { title, status } = errorCodes[error.code];
    if (status === null) return { code: 'ACKLINE_CALL_FAILED', detail: null };
    return { code: error.code, detail: error.message === title ? null : error.message };
  }
  if (reachedLimit(error)) return { code: 'ACKLINE_LOOK_TOO_LONG', detail: null };
  if (isDataException(error)) return { code: 'ACKLINE_CALL_INVALID', detail: null };
  if (isUnreachable(error)) return { code: 'ACKLINE_POSTGRES_UNAVAILABLE', detail: null };
  return { code: 'ACKLINE_CALL_FAILED', detail: null };
}

export function sendProblem(response: Response, error: unknown): void {
  const problem = problemOf(response, error);
  response.status(problem.status).type(PROBLEM_CONTENT_TYPE);
  response.send(JSON.stringify(problem));
}

/** With the headers that belong to it set. */
export function problemOf(response: Response, error: unknown): Problem {
  const { code, detail } = refusalOf(error);
  const problem = createProblem(code, requestIdOf(response), detail);
  if (problem.status === 401) response.set('www-authenticate', 'Bearer');
  if (problem.status === 429) response.set('retry-after', String(FAILED_RETRY_AFTER_S));
  if (problem.status === 503) response.set('retry-after', String(RETRY_AFTER_S));
  return problem;
}

export function requestIdOf(response: Response): string {
  return String(response.getHeader('x-request-id') ?? '');
}

/** A value that PostgreSQL can't hold: a NUL in a text, a time before all calendars. Its own words may repeat the value. */
function isDataException(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && typeof error.code === 'string' && /^22...$/.test(error.code)
  );
}
