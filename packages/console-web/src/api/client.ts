import { createConsoleClient } from '@ackline/console-client/client';
import { callError, unreachable } from './call-error.ts';
import { consoleFetch } from './console-fetch.ts';

/** The calls of this console, by the session's cookie. */
export const client = createConsoleClient({ url: location.origin, fetch: consoleFetch });

interface Answered<Data> {
  readonly data?: Data;
  readonly error?: unknown;
  readonly response: Response;
}

/** What a call answers: `await answerOf(client.GET('/api/v1/caller'))`. Throws {@link CallError}. */
export async function answerOf<Data>(call: Promise<Answered<Data>>): Promise<Data> {
  const { data, error, response } = await call.catch((reason: unknown) => {
    if (reason instanceof DOMException && reason.name === 'AbortError') throw reason;
    throw unreachable();
  });
  if (data !== undefined) return data;
  throw callError(error, response);
}
