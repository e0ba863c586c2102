import { pathWith, readSearch } from '../../app/search-names.ts';

/** What the list is filtered by, as the API takes it (`GET /api/v1/events`). It is what stands in the URL of the page, too. */
export const EVENT_FILTERS = [
  'source',
  'type',
  'state',
  'destination',
  'tenant',
  'dedupKey',
  'orderingKey',
  'id',
  'storedSince',
  'storedUntil',
  'receivedSince',
  'receivedUntil',
  'where',
] as const;

export type EventSearch = { readonly [Name in (typeof EVENT_FILTERS)[number]]?: string };

/** Of whatever stands in the URL. */
export function readEventSearch(search: Readonly<Record<string, unknown>>): EventSearch {
  return readSearch(search, EVENT_FILTERS);
}

/** What the stream can't be asked for, by what people call it: with one of these a list does not go on by itself. */
const NOT_LIVE: Readonly<Partial<Record<keyof EventSearch, string>>> = {
  id: 'one event',
  state: 'a state',
  storedUntil: 'an end in time',
  receivedUntil: 'an end in time',
};

/** null: the list can be live. Else what stands in the way. */
export function whyNotLive(search: EventSearch): string | null {
  const name = EVENT_FILTERS.find(filter => search[filter] !== undefined && NOT_LIVE[filter] !== undefined);
  return name === undefined ? null : (NOT_LIVE[name] ?? null);
}

/** The path of the list, or of the stream that goes on behind it. */
export function eventsPath(search: EventSearch, form: 'list' | 'stream'): string {
  const taken = Object.entries(search).filter(
    ([name]) => form === 'list' || !/^(?:stored|received)(?:Since|Until)$/.test(name),
  );
  return pathWith(form === 'list' ? '/api/v1/events' : '/api/v1/events/stream', Object.fromEntries(taken));
}
