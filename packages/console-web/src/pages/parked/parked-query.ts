import type { ConsoleSchemas } from '@ackline/console-client/client';
import { answerOf, client } from '../../api/client.ts';
import { pagedQuery } from '../../api/paged.ts';
import type { ParkedFilter } from './parked-search.ts';

export type ParkedDelivery = ConsoleSchemas['ParkedDelivery'];

export const parkedQuery = (filter: ParkedFilter) =>
  pagedQuery({
    queryKey: ['parked', filter],
    fetchPage: (cursor, signal) =>
      answerOf(client.GET('/api/v1/parked', { params: { query: { ...filter, ...cursor } }, signal })),
  });
