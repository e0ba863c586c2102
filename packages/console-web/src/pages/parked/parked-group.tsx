import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ApiCall } from '../../components/api-call.tsx';
import { deliveriesText } from '../../components/count-text.ts';
import { DataTable } from '../../components/data-table.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ListEnd } from '../../components/list-end.tsx';
import { PageHead } from '../../components/page-head.tsx';
import { ProblemBox } from '../../components/problem-box.tsx';
import { ReplayPanel } from '../../components/replay-panel.tsx';
import { RowsSkeleton } from '../../components/skeleton.tsx';
import { Time } from '../../components/time.tsx';
import { visibleText } from '../../components/visible-text.ts';
import { GroupReplay } from './group-replay.tsx';
import { parkedColumns } from './parked-columns.tsx';
import { causesQuery, parkedQuery } from './parked-queries.ts';
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
        <GroupReplay filter={filter} replayId={replayId} />
      </PageHead>
      {filter.cause !== undefined && <CauseFacts cause={filter.cause} />}
      {replayId !== undefined && <ReplayPanel id={replayId} />}
      <Deliveries filter={filter} />
      <ApiCall path={`/api/v1/parked?${query}`} />
    </>
  );
}

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
  const { data, error, refetch } = list;
  if (error !== null) return <ProblemBox error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <RowsSkeleton />;
  const rows = data.pages.flatMap(({ items }) => items);
  if (rows.length === 0 && !list.hasNextPage) return <NoDeliveries />;
  return (
    <>
      {rows.length > 0 && (
        <DataTable
          label="Parked deliveries, the newest first"
          columns={parkedColumns}
          rows={rows}
          keyOf={({ id }) => id}
          hrefOf={({ eventId }) => `/events/${eventId}`}
        />
      )}
      <ListEnd
        hasMore={list.hasNextPage}
        isLoading={list.isFetchingNextPage}
        scannedTo={data.pages.at(-1)?.scannedTo ?? null}
        onOlder={() => void list.fetchNextPage()}
      />
    </>
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
