import { QueryCache, QueryClient } from '@tanstack/react-query';
import { problemOf } from './call-error.ts';
import { callerQuery } from './session.ts';

const STALE_MS = 5_000;
const MAX_TRIES = 2;
/** No answer, or the console says that it is busy or without its database. */
const PASSING: ReadonlySet<number> = new Set([0, 502, 503, 504]);

/** What was answered, for all pages. Where a session has ended, it asks who is signed in, and so the page for signing in comes. */
export function createQueryClient(): QueryClient {
  const queryClient = new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        const isCaller = query.queryKey[0] === callerQuery.queryKey[0];
        if (problemOf(error).status === 401 && !isCaller) void queryClient.resetQueries(callerQuery);
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: STALE_MS,
        retry: (tries, error) => tries < MAX_TRIES && PASSING.has(problemOf(error).status),
      },
    },
  });
  return queryClient;
}
