import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { answerOf, client } from '../../api/client.ts';
import { EventRows, type EventRowsState } from './event-rows.ts';
import type { EventSearch } from './event-search.ts';

/** The rows of these filters, begun anew where the filters change or `attempt` does. */
export function useEventRows(search: EventSearch, attempt: number): readonly [EventRowsState, EventRows] {
  const text = JSON.stringify([search, attempt]);
  const rows = useMemo(() => {
    const [asked] = JSON.parse(text) as [EventSearch, number];
    return new EventRows(asked, {
      fetchPage: (query, signal) =>
        answerOf(client.GET('/api/v1/events', { params: { query: query as never }, signal })),
    });
  }, [text]);
  useEffect(() => rows.run(), [rows]);
  const state = useSyncExternalStore(rows.subscribe, rows.state);
  return [state, rows];
}
