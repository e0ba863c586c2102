import type { ConsoleSchemas } from '@ackline/console-client/client';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { answerOf, client } from '../../api/client.ts';
import type { Range } from './ranges.ts';

export type Overview = ConsoleSchemas['Overview'];

const REFRESH_MS = 15_000;

export const overviewQuery = ({ name, ms }: Range) =>
  queryOptions({
    queryKey: ['overview', name],
    queryFn: ({ signal }) => {
      const since = new Date(Date.now() - ms).toISOString();
      return answerOf(client.GET('/api/v1/overview', { params: { query: { since } }, signal }));
    },
    refetchInterval: REFRESH_MS,
    placeholderData: keepPreviousData,
  });
