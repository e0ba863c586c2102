import { type ErrorCode } from '@ackline/shared/error-codes';
import { createProblem, PROBLEM_CONTENT_TYPE } from '@ackline/shared/problem';
import type { Answer } from '@ackline/shared/provider';

export type AnswerHeaders = Readonly<Record<string, string>>;

/** An answer, but for the headers that every answer has. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: string;
}

/** By then the event log has turned to its next tier, and a restarted process is there. Providers that honour it wait this long. */
const RETRY_AFTER_S = 5;

/** The answer to a webhook that was accepted, in the form that its provider expects. */
export function acceptedAnswer({ status, contentType, body }: Answer): HttpAnswer {
  return { status, headers: contentType === null ? {} : { 'content-type': contentType }, body };
}

/** The answer to anything that was not accepted: nothing of the request is in it but the id that we gave it. */
export function problemAnswer(code: ErrorCode, requestId: string, headers: AnswerHeaders = {}): HttpAnswer {
  const problem = createProblem(code, requestId);
  return {
    status: problem.status,
    headers: {
      'content-type': PROBLEM_CONTENT_TYPE,
      ...(problem.status === 405 ? { allow: 'POST' } : {}),
      ...(problem.status === 503 ? { 'retry-after': String(RETRY_AFTER_S) } : {}),
      ...headers,
    },
    body: JSON.stringify(problem),
  };
}

export function jsonAnswer(status: number, value: unknown): HttpAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}

export interface AnswerFacts {
  readonly requestId: string;
  readonly elapsedMs: number;
  /** The connection ends with this answer. */
  readonly closes: boolean;
}

/** The headers of every answer. */
export function commonHeaders(answer: HttpAnswer, facts: AnswerFacts): AnswerHeaders {
  const hasBody = answer.status !== 204 && answer.status !== 304;
  return {
    ...answer.headers,
    ...(hasBody ? { 'content-length': String(Buffer.byteLength(answer.body)) } : {}),
    'cache-control': 'no-cache',
    'x-process-time': (facts.elapsedMs / 1_000).toFixed(3),
    'x-request-id': facts.requestId,
    ...(facts.closes ? { connection: 'close' } : {}),
  };
}
