import { type ErrorCode, errorCodes } from './error-codes.ts';

/** The body of an error answer by RFC 9457. Nothing of the request is in it but the id that we gave it. */
export interface Problem {
  /** A URN: it names the kind of error, and is no link. docs/errors.md has an entry for each code. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly requestId: string;
}

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

/** An id of ours has 36 characters; this bounds one that a caller took from somewhere else. */
const MAX_REQUEST_ID_LENGTH = 128;

/**
 * A code that is no answer to a webhook (its status is null) is answered as ACKLINE_INTERNAL: the inside stays inside. `detail`
 * is what to do in this case; default: the code's own words.
 */
export function createProblem(code: ErrorCode, requestId: string, detail: string | null = null): Problem {
  const { status, title, fix } = errorCodes[code];
  if (status === null) return createProblem('ACKLINE_INTERNAL', requestId);
  return {
    type: `urn:ackline:error:${code}`,
    title,
    status,
    detail: detail ?? fix,
    code,
    requestId: requestId.slice(0, MAX_REQUEST_ID_LENGTH),
  };
}
