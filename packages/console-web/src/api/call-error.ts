import type { ConsoleSchemas } from '@ackline/console-client/client';

type Problem = ConsoleSchemas['Problem'];

/** Why a call did not do what it should: the console's own words, or that nobody answered. */
export class CallError extends Error {
  override readonly name = 'CallError';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** Of anything that was thrown: what a person is shown. */
export function problemOf(error: unknown): Problem {
  if (error instanceof CallError) return error.problem;
  return {
    type: 'about:blank',
    title: 'This page has failed',
    status: 0,
    detail: error instanceof Error ? error.message : String(error),
    code: 'PAGE_FAILED',
    requestId: '',
  };
}

export function unreachable(): CallError {
  return new CallError({
    type: 'about:blank',
    title: 'The console does not answer',
    status: 0,
    detail: 'It is restarting, or the network is away. Webhooks come in and go out all the same.',
    code: 'CONSOLE_UNREACHABLE',
    requestId: '',
  });
}

/** An answer that is no success: a problem of the console, or the words of what stands before it. */
export function callError(body: unknown, { status, statusText, headers }: Response): CallError {
  if (isProblem(body)) return new CallError(body);
  return new CallError({
    type: 'about:blank',
    title: `The answer was ${status} ${statusText}`.trim(),
    status,
    detail: 'It is not from the console: a proxy before it has answered.',
    code: `HTTP_${status}`,
    requestId: headers.get('x-request-id') ?? '',
  });
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'code' in body && 'title' in body && 'detail' in body;
}
