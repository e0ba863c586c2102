import type { ConsoleSchemas } from '@ackline/console-client/client';
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { answerOf, client } from './client.ts';
import { pagedQuery } from './paged.ts';

export type ListedReplay = ConsoleSchemas['ListedReplay'];
export type Replay = ConsoleSchemas['Replay'];
export type ReplayFilter = ConsoleSchemas['ReplayFilter'];
export type ReplayChange = 'start' | 'continue' | 'cancel';

const EVERY_MS = 1_000;
/** It changes by itself. */
const MOVING: ReadonlySet<string> = new Set(['counting', 'trickle', 'running']);
/** Somebody may still have to do something about it. */
const PENDING: ReadonlySet<string> = new Set(['counting', 'announced', 'trickle', 'running', 'stopped']);

export const isPending = ({ state }: Pick<ListedReplay, 'state'>): boolean => PENDING.has(state);

/** Also while what it has sent is on its way. */
const isMoving = ({ state, open }: Pick<Replay, 'state' | 'open'>): boolean => MOVING.has(state) || open > 0;

export const replayQuery = (id: string) =>
  queryOptions({
    queryKey: ['replay', id],
    queryFn: ({ signal }) =>
      answerOf(client.GET('/api/v1/replays/{id}', { params: { path: { id } }, signal })),
    refetchInterval: ({ state: { data } }) => (data !== undefined && isMoving(data) ? EVERY_MS : false),
  });

export const replaysQuery = infiniteQueryOptions({
  ...pagedQuery({
    queryKey: ['replays'],
    fetchPage: (query, signal) => answerOf(client.GET('/api/v1/replays', { params: { query }, signal })),
  }),
  refetchInterval: ({ state: { data } }) =>
    data?.pages.some(({ items }) => items.some(({ state }) => MOVING.has(state))) === true
      ? 3 * EVERY_MS
      : false,
});

/** Counts what a filter names; nothing is sent. */
export function announceReplay(filter: ReplayFilter): Promise<ListedReplay> {
  return answerOf(client.POST('/api/v1/replays', { body: { filter } as never }));
}

export function changeReplay(id: string, change: ReplayChange): Promise<ListedReplay> {
  const params = { params: { path: { id } } };
  switch (change) {
    case 'start':
      return answerOf(client.POST('/api/v1/replays/{id}/start', params));
    case 'continue':
      return answerOf(client.POST('/api/v1/replays/{id}/continue', params));
    case 'cancel':
      return answerOf(client.POST('/api/v1/replays/{id}/cancel', params));
    default:
      return change satisfies never;
  }
}
