import type { ConsoleSchemas } from '@ackline/console-client/client';
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { answerOf, client } from '../../api/client.ts';
import type { ParkedFilter } from './parked-search.ts';

export type ParkedCause = ConsoleSchemas['ParkedCause'];
export type ParkedDelivery = ConsoleSchemas['ParkedDelivery'];

/** Counting takes the console some tenths of a second where there is much. */
const EVERY_MS = 5_000;

export const causesQuery = queryOptions({
  queryKey: ['causes'],
  queryFn: ({ signal }) => answerOf(client.GET('/api/v1/parked/causes', { signal })),
  refetchInterval: EVERY_MS,
});

export const parkedQuery = (filter: ParkedFilter) =>
  infiniteQueryOptions({
    queryKey: ['parked', filter],
    queryFn: ({ signal, pageParam }) =>
      answerOf(
        client.GET('/api/v1/parked', {
          params: { query: { ...filter, ...(pageParam === null ? {} : { cursor: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
  });
