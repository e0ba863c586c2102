import type { ConsoleSchemas } from '@ackline/console-client/client';
import { queryOptions } from '@tanstack/react-query';
import { answerOf, client } from '../../api/client.ts';

export type EventDetails = ConsoleSchemas['Event'];
export type DeliveryDetails = EventDetails['deliveries'][number];

/** While something of it is under way. */
const MOVING_MS = 1_500;
/** Somebody else may replay it. */
const STILL_MS = 10_000;
const MOVING: ReadonlySet<string> = new Set(['waiting', 'due', 'leased']);

export const eventQuery = (id: string) =>
  queryOptions({
    queryKey: ['event', id],
    queryFn: ({ signal }) =>
      answerOf(client.GET('/api/v1/events/{id}', { params: { path: { id } }, signal })),
    refetchInterval: ({ state: { data } }) =>
      data !== undefined &&
      (data.routing === 'unrouted' || data.deliveries.some(({ state }) => MOVING.has(state)))
        ? MOVING_MS
        : STILL_MS,
  });
