import './events-page.css';
import { getRouteApi } from '@tanstack/react-router';
import { useCallback, useEffect, useState } from 'react';
import { ApiCall } from '../../components/api-call.tsx';
import { DataTable } from '../../components/data-table.tsx';
import type { FilterValues } from '../../components/filter-bar.tsx';
import { ListEnd } from '../../components/list-end.tsx';
import { PageHead } from '../../components/page-head.tsx';
import { ProblemBox } from '../../components/problem-box.tsx';
import { RowsSkeleton } from '../../components/skeleton.tsx';
import { eventColumns } from './event-columns.tsx';
import { EventFilters } from './event-filters.tsx';
import type { EventRows, EventRowsState } from './event-rows.ts';
import { eventsPath, type EventSearch, readEventSearch } from './event-search.ts';
import { Arrivals } from './arrivals.tsx';
import { LiveSwitch } from './live-switch.tsx';
import { NoEvents } from './no-events.tsx';
import { useEventRows } from './use-event-rows.ts';

const route = getRouteApi('/events');

export function EventsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [attempt, setAttempt] = useState(0);
  const [isPaused, setPaused] = useState(false);
  const [state, rows] = useEventRows(search, attempt);
  useHold(rows, isPaused);
  const change = useCallback(
    (changes: FilterValues) =>
      void navigate({ search: current => readEventSearch({ ...current, ...changes }), resetScroll: false }),
    [navigate],
  );
  return (
    <>
      <PageHead title="Events">
        <LiveSwitch search={search} stream={state.stream} isPaused={isPaused} onPause={setPaused} />
      </PageHead>
      <EventFilters search={search} onChange={change} onClear={() => void navigate({ search: {} })} />
      <Arrivals
        state={state}
        onShow={() => {
          setPaused(false);
          window.scrollTo({ top: 0 });
          rows.hold(false);
        }}
      />
      {state.error !== null && <ProblemBox error={state.error} onRetry={() => setAttempt(attempt + 1)} />}
      <EventList search={search} state={state} rows={rows} />
      <ApiCall path={eventsPath(search, 'list')} />
    </>
  );
}

interface EventListProps {
  readonly search: EventSearch;
  readonly state: EventRowsState;
  readonly rows: EventRows;
}

function EventList({ search, state, rows }: EventListProps) {
  if (state.list === 'loading' && state.rows.length === 0) return <RowsSkeleton rows={12} />;
  if (state.list === 'failed' && state.rows.length === 0) return null;
  return (
    <>
      {state.rows.length === 0 ? (
        <NoEvents search={search} isEnd={state.older === null} />
      ) : (
        <DataTable
          label="Events, the newest first"
          columns={eventColumns}
          rows={state.rows}
          keyOf={({ id }) => id}
          hrefOf={({ id }) => `/events/${id}`}
        />
      )}
      {(state.rows.length > 0 || state.older !== null) && (
        <ListEnd
          hasMore={state.older !== null}
          isLoading={state.isLoadingOlder}
          scannedTo={state.scannedTo}
          onOlder={() => void rows.older()}
        />
      )}
    </>
  );
}

/** Rows do not move away from under who reads: what comes is kept back while the list is paused, or is not at its top. */
function useHold(rows: EventRows, isPaused: boolean): void {
  useEffect(() => {
    const update = () => rows.hold(isPaused || window.scrollY > AT_TOP_PX);
    update();
    window.addEventListener('scroll', update, { passive: true });
    return () => window.removeEventListener('scroll', update);
  }, [rows, isPaused]);
}

const AT_TOP_PX = 8;
