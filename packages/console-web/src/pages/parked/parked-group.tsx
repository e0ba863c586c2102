import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { causesQuery } from '../../api/parked.ts';
import { ApiCall } from '../../components/api-call.tsx';
import { deliveriesText } from '../../components/count-text.ts';
import { DataTable } from '../../components/data-table.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { PageHead } from '../../components/page-head.tsx';
import { PagedList } from '../../components/paged-list.tsx';
import { ReplayPanel } from '../../components/replay-panel.tsx';
import { Time } from '../../components/time.tsx';
import { visibleText } from '../../components/visible-text.ts';
import { GroupDiscard } from './group-discard.tsx';
import { GroupReplay } from './group-replay.tsx';
import { parkedColumns } from './parked-columns.tsx';
import { parkedQuery } from './parked-query.ts';
import type { ParkedFilter } from './parked-search.ts';

interface ParkedGroupProps {
  readonly filter: ParkedFilter;
  readonly replayId: string | undefined;
}

export function ParkedGroup({ filter, replayId }: ParkedGroupProps) {
  const title = Object.values(filter).map(visibleText).join(', ');
  const query = new URLSearchParams(filter as Record<string, string>).toString();
  return (
    <>
      <p className="back-link">
        <Link to="/parked">All causes</Link>
      </p>
      <PageHead title={`Parked: ${title}`}>
        {isCauseAlone(filter) && <GroupDiscard cause={filter.cause} />}
        <GroupReplay filter={filter} replayId={replayId} />
      </PageHead>
      {filter.cause !== undefined && <CauseFacts cause={filter.cause} />}
      {replayId !== undefined && <ReplayPanel id={replayId} />}
      <Deliveries filter={filter} />
      <ApiCall path={`/api/v1/parked?${query}`} />
    </>
  );
}

/** What else a group is of, a discard would not see. */
const isCauseAlone = (filter: ParkedFilter): filter is { readonly cause: string } =>
  filter.cause !== undefined && Object.keys(filter).length === 1;

function CauseFacts({ cause }: { readonly cause: string }) {
  const { data } = useQuery(causesQuery);
  const found = data?.items.find(item => item.cause === cause);
  if (found === undefined) return null;
  return (
    <p className="faint">
      {deliveriesText(found.count, found.hasMore)} to {found.destination}, the first at{' '}
      <Time at={found.firstAt} />, the last at <Time at={found.lastAt} />
    </p>
  );
}

function Deliveries({ filter }: Pick<ParkedGroupProps, 'filter'>) {
  const list = useInfiniteQuery(parkedQuery(filter));
  return (
    <PagedList list={list} none={isEnd => isEnd && <NoDeliveries />}>
      {rows => (
        <DataTable
          label="Parked deliveries, the newest first"
          columns={parkedColumns}
          rows={rows}
          keyOf={({ id }) => id}
          hrefOf={({ eventId }) => `/events/${eventId}`}
        />
      )}
    </PagedList>
  );
}

function NoDeliveries() {
  return (
    <EmptyState title="Nothing is parked like this">
      What was is on its way again, delivered or discarded. <Link to="/replays">Replays</Link> say what has
      become of it.
    </EmptyState>
  );
}
