import { queryOptions } from '@tanstack/react-query';
import { answerOf, client } from './client.ts';

/** Who I am. A 401 says that nobody is signed in. */
export const callerQuery = queryOptions({
  queryKey: ['caller'],
  queryFn: ({ signal }) => answerOf(client.GET('/api/v1/caller', { signal })),
  staleTime: 60_000,
});

/** How one becomes known here. */
export const waysInQuery = queryOptions({
  queryKey: ['access'],
  queryFn: ({ signal }) => answerOf(client.GET('/api/v1/access', { signal })),
  staleTime: Infinity,
});

export function signIn(token: string): Promise<unknown> {
  return answerOf(client.POST('/api/v1/session', { body: { token } }));
}

export function signOut(): Promise<unknown> {
  return answerOf(client.POST('/api/v1/session/end', { body: {} }));
}
