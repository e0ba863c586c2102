import { queryOptions } from '@tanstack/react-query';
import { answerOf, client } from './client.ts';

/** What ackline.yaml says, with its figures: also the names that filters offer. A page of its own asks for it again and again. */
export const sourcesQuery = queryOptions({
  queryKey: ['sources'],
  queryFn: ({ signal }) => answerOf(client.GET('/api/v1/sources', { signal })),
});

/** As {@link sourcesQuery}; refused to a token of one tenant, since they are of all. */
export const destinationsQuery = queryOptions({
  queryKey: ['destinations'],
  queryFn: ({ signal }) => answerOf(client.GET('/api/v1/destinations', { signal })),
});
