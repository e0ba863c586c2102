import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ListedReplay, replaysQuery } from '../../api/replays.ts';
import { ApiCall } from '../../components/api-call.tsx';
import { numberText } from '../../components/count-text.ts';
import { type Column, DataTable } from '../../components/data-table.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { PageHead } from '../../components/page-head.tsx';
import { PagedList } from '../../components/paged-list.tsx';
import { filterText, ReplayBadge } from '../../components/replay-state.tsx';
import { Time } from '../../components/time.tsx';
import { visibleText } from '../../components/visible-text.ts';

const columns: readonly Column<ListedReplay>[] = [
  {
    id: 'time',
    header: 'Counted',
    width: '8.5rem',
    phone: 'side',
    cell: ({ createdAt }) => <Time at={createdAt} />,
  },
  {
    id: 'filter',
    header: 'What',
    width: 'minmax(14rem, 2fr)',
    phone: 'lead',
    cell: ({ filter }) => <span title={filterText(filter)}>{filterText(filter)}</span>,
  },
  {
    id: 'state',
    header: 'State',
    width: '9rem',
    phone: 'more',
    cell: ({ state }) => <ReplayBadge state={state} />,
  },
  {
    id: 'sent',
    header: 'Sent',
    width: '9rem',
    phone: 'end',
    align: 'end',
    cell: ({ released, skipped, counted }) => `${numberText(released + skipped)} of ${numberText(counted)}`,
  },
  { id: 'who', header: 'By', width: 'minmax(8rem, 1fr)', cell: ({ createdBy }) => visibleText(createdBy) },
];

export function ReplaysPage() {
  const list = useInfiniteQuery(replaysQuery);
  return (
    <>
      <PageHead title="Replays" />
      <PagedList list={list} none={() => <NoReplays />}>
        {rows => (
          <DataTable
            label="Replays, the newest first"
            columns={columns}
            rows={rows}
            keyOf={({ id }) => id}
            hrefOf={({ id }) => `/replays/${id}`}
          />
        )}
      </PagedList>
      <ApiCall path="/api/v1/replays" />
    </>
  );
}

function NoReplays() {
  return (
    <EmptyState title="Nothing has been replayed yet">
      What is parked can be sent again once its cause is mended: choose a cause in{' '}
      <Link to="/parked">Parked</Link>. It is counted first, and a few go before the others.
    </EmptyState>
  );
}
