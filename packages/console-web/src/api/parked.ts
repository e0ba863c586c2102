import type { ConsoleSchemas } from '@ackline/console-client/client';
import { queryOptions } from '@tanstack/react-query';
import { answerOf, client } from './client.ts';

export type ParkedCause = ConsoleSchemas['ParkedCause'];

/** Counting takes the console some tenths of a second where there is much. */
const EVERY_MS = 5_000;

export const causesQuery = queryOptions({
  queryKey: ['causes'],
  queryFn: ({ signal }) => answerOf(client.GET('/api/v1/parked/causes', { signal })),
  refetchInterval: EVERY_MS,
});
