import type { ConsoleSchemas } from '@ackline/console-client/client';
import { queryOptions } from '@tanstack/react-query';
import { answerOf, client } from './client.ts';

export type ParkedCause = ConsoleSchemas['ParkedCause'];
export type QuarantinedRecords = ConsoleSchemas['Quarantined'];

/** Counting takes the console some tenths of a second where there is much. */
const EVERY_MS = 5_000;

export const causesQuery = queryOptions({
  queryKey: ['causes'],
  queryFn: ({ signal }) => answerOf(client.GET('/api/v1/parked/causes', { signal })),
  refetchInterval: EVERY_MS,
});

/** The newest say what refuses them. */
const SHOWN_QUARANTINED = 5;

export const quarantinedQuery = queryOptions({
  queryKey: ['quarantined'],
  queryFn: ({ signal }) =>
    answerOf(
      client.GET('/api/v1/parked/quarantined', {
        params: { query: { limit: SHOWN_QUARANTINED } },
        signal,
      }),
    ),
  refetchInterval: EVERY_MS,
});
