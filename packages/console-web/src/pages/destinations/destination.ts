import type { ConsoleSchemas } from '@ackline/console-client/client';
import { queryOptions } from '@tanstack/react-query';
import { answerOf, client } from '../../api/client.ts';

export type Destination = ConsoleSchemas['Destination'];
export type DestinationAction = 'pause' | 'resume' | 'enable';

/** Who made the pause that stands now: the audit knows. */
export const pausedByQuery = (name: string, at: string) =>
  queryOptions({
    queryKey: ['audit', 'paused', name, at],
    queryFn: async ({ signal }) => {
      const query = { action: 'destination.paused', subject: name, limit: 1 };
      const { items } = await answerOf(client.GET('/api/v1/audit', { params: { query }, signal }));
      return items[0]?.at === at ? items[0].actor : null;
    },
    staleTime: Infinity,
  });
