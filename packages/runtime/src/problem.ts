import { type ErrorCode, errorCodes } from '@ackline/shared/error-codes';

export const PROBLEM_TYPE = 'application/problem+json';

export interface ProblemOptions {
  /** Instead of the advice of the table of codes. Nothing of a payload, secret or stack. */
  readonly detail?: string;
  /** Instead of the status of the table, for a code that is no answer to a webhook. */
  readonly status?: number;
  readonly requestId?: string;
}

export interface Problem {
  readonly status: number;
  readonly contentType: typeof PROBLEM_TYPE;
  readonly body: string;
}

/** An error answer by RFC 9457: what happened, what to do, the stable code, and the id under which the log has it. */
export function createProblem(code: ErrorCode, options: ProblemOptions = {}): Problem {
  const row = errorCodes[code];
  const status = options.status ?? row.status ?? 500;
  const body = JSON.stringify({
    type: `urn:ackline:error:${code}`,
    title: row.title,
    status,
    detail: options.detail ?? row.fix,
    code,
    ...(options.requestId === undefined ? {} : { requestId: options.requestId }),
  });
  return { status, contentType: PROBLEM_TYPE, body };
}
