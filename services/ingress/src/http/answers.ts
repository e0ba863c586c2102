import { type ErrorCode } from '@ackline/shared/error-codes';
import { createProblem, PROBLEM_CONTENT_TYPE } from '@ackline/shared/problem';
import type { Answer } from '@ackline/shared/provider';
import { inThousandths } from './phase-clock.ts';

export type AnswerHeaders = Readonly<Record<string, string>>;

/** An answer, but for the headers that every answer has. */
export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: string;
  /** Beside the content type; null for none. */
  readonly headers: AnswerHeaders | null;
}

/** By then the event log has turned to its next tier, and a restarted process is there. Providers that honour it wait this long. */
const RETRY_AFTER_S = 5;

/** The answer to a webhook that was accepted or asked for one, in the form that its provider expects. */
export function providerAnswer({ status, contentType, body }: Answer): HttpAnswer {
  return { status, contentType, body, headers: null };
}

export interface ProblemParts {
  /** Beside those that its status has. */
  readonly headers?: AnswerHeaders;
  /** What to do in this case; null: the code's own words. */
  readonly detail?: string | null;
}

/** The answer to anything that was not accepted: nothing of the request is in it but the id that we gave it. */
export function problemAnswer(
  code: ErrorCode,
  requestId: string,
  { headers, detail }: ProblemParts = {},
): HttpAnswer {
  const problem = createProblem(code, requestId, detail);
  return {
    status: problem.status,
    contentType: PROBLEM_CONTENT_TYPE,
    body: JSON.stringify(problem),
    headers: {
      ...(problem.status === 405 ? { allow: 'POST' } : {}),
      ...(problem.status === 503 ? { 'retry-after': String(RETRY_AFTER_S) } : {}),
      ...headers,
    },
  };
}

export function jsonAnswer(status: number, value: unknown): HttpAnswer {
  return { status, contentType: 'application/json', body: JSON.stringify(value), headers: null };
}

/** True: one byte for each character, whatever the encoding. */
export function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}

export interface AnswerFacts {
  readonly requestId: string;
  readonly elapsedMs: number;
  /** Empty: no phase has ended. */
  readonly serverTiming: string;
  /** The connection ends with this answer. */
  readonly closes: boolean;
}

/** The headers of an answer as one flat list (name, value, name, value, …), which is what costs node:http least. */
export function headerList(answer: HttpAnswer, facts: AnswerFacts): string[] {
  const list = [
    'cache-control',
    'no-cache',
    'x-process-time',
    inThousandths(facts.elapsedMs),
    'x-request-id',
    facts.requestId,
  ];
  if (answer.contentType !== null) list.push('content-type', answer.contentType);
  if (answer.status !== 204 && answer.status !== 304) {
    list.push('content-length', String(Buffer.byteLength(answer.body)));
  }
  if (facts.serverTiming !== '') list.push('server-timing', facts.serverTiming);
  if (answer.headers !== null)
    for (const [name, value] of Object.entries(answer.headers)) list.push(name, value);
  if (facts.closes) list.push('connection', 'close');
  return list;
}
