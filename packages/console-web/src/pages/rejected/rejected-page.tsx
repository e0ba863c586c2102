import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ConsoleSchemas } from '@ackline/console-client/client';
import { answerOf, client } from '../../api/client.ts';
import { sourcesQuery } from '../../api/configured.ts';
import { pagedQuery } from '../../api/paged.ts';
import { pathWith } from '../../app/search-names.ts';
import { ApiCall } from '../../components/api-call.tsx';
import { type Column, DataTable } from '../../components/data-table.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { FilterBar } from '../../components/filter-bar.tsx';
import { PageHead } from '../../components/page-head.tsx';
import { PagedList } from '../../components/paged-list.tsx';
import { Time } from '../../components/time.tsx';
import { DiagnosisBadge } from './diagnosis-badge.tsx';
import { readRejectedSearch, type RejectedSearch } from './route.ts';

const route = getRouteApi('/rejected');

const rejectedQuery = (search: RejectedSearch) =>
  pagedQuery({
    queryKey: ['rejected', search],
    fetchPage: (cursor, signal) =>
      answerOf(client.GET('/api/v1/rejected', { params: { query: { ...search, ...cursor } }, signal })),
  });

const columns: readonly Column<ConsoleSchemas['Rejected']>[] = [
  {
    id: 'time',
    header: 'Refused',
    width: '8.5rem',
    phone: 'side',
    cell: ({ rejectedAt }) => <Time at={rejectedAt} />,
  },
  {
    id: 'source',
    header: 'Source',
    width: 'minmax(7rem, 0.8fr)',
    phone: 'lead',
    cell: ({ source }) => <span title={source}>{source}</span>,
  },
  { id: 'provider', header: 'Provider', width: '7rem', cell: ({ provider }) => provider },
  {
    id: 'diagnosis',
    header: 'Diagnosis',
    width: '11.5rem',
    phone: 'end',
    cell: ({ diagnosis }) => <DiagnosisBadge diagnosis={diagnosis} />,
  },
  {
    id: 'what',
    header: 'What the doctor says',
    width: 'minmax(12rem, 3fr)',
    phone: 'more',
    cell: ({ what }) => <span title={what}>{what}</span>,
  },
];

export function RejectedPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { data: sources } = useQuery(sourcesQuery);
  const options = sources?.items.map(({ name }) => name) ?? [];
  return (
    <>
      <PageHead title="Rejected" />
      <FilterBar
        fields={[{ name: 'source', label: 'Source', kind: 'text', options }]}
        values={search}
        onChange={changes =>
          void navigate({ search: current => readRejectedSearch({ ...current, ...changes }) })
        }
        onClear={() => void navigate({ search: {} })}
      />
      <RejectedList search={search} />
      <ApiCall path={pathWith('/api/v1/rejected', search)} />
    </>
  );
}

function RejectedList({ search }: { readonly search: RejectedSearch }) {
  const list = useInfiniteQuery(rejectedQuery(search));
  return (
    <PagedList list={list} none={() => <NoneRejected search={search} />}>
      {rows => (
        <DataTable
          label="Refused requests, the newest first"
          columns={columns}
          rows={rows}
          keyOf={({ requestId }) => requestId}
          hrefOf={({ requestId }) => `/rejected/${requestId}`}
        />
      )}
    </PagedList>
  );
}

function NoneRejected({ search: { source } }: { readonly search: RejectedSearch }) {
  return (
    <EmptyState
      title={source === undefined ? 'No request was refused' : `No request of ${source} was refused`}
      command={`npx ackline send ${source ?? '<source>'} --tamper`}
    >
      A request whose sender is not proven is no event. The newest are kept here for 7 days, with what would
      have been right. To see one, send a sample whose signature is wrong:
    </EmptyState>
  );
}
