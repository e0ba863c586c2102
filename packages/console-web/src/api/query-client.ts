import { QueryClient } from '@tanstack/react-query';
import { problemOf } from './call-error.ts';
import { onUnknown } from './console-fetch.ts';
import { callerQuery } from './session.ts';

const STALE_MS = 5_000;
const MAX_TRIES = 2;
/** No answer, or the console says that it is busy or without its database. */
const PASSING: ReadonlySet<number> = new Set([0, 502, 503, 504]);

/** What was answered, for all pages. Where a session has ended, it asks who is signed in, and so the page for signing in comes. */
export function createQueryClient(): QueryClient {
  const queryClient = new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: STALE_MS,
        retry: (tries, error) => tries < MAX_TRIES && PASSING.has(problemOf(error).status),
      },
    },
  });
  onUnknown(() => {
    // Also where it is an action that was refused. Who is not known anyway may go on typing their token.
    if (queryClient.getQueryData(callerQuery.queryKey) !== undefined)
      void queryClient.resetQueries(callerQuery);
  });
  return queryClient;
}
