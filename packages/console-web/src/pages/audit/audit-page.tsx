import './audit-page.css';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { answerOf, client } from '../../api/client.ts';
import { pagedQuery } from '../../api/paged.ts';
import { callerQuery } from '../../api/session.ts';
import { pathWith } from '../../app/search-names.ts';
import { ApiCall } from '../../components/api-call.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { FilterBar } from '../../components/filter-bar.tsx';
import type { FilterField } from '../../components/filter-field.ts';
import { NotOfTenant } from '../../components/not-of-tenant.tsx';
import { PageHead } from '../../components/page-head.tsx';
import { PagedList } from '../../components/paged-list.tsx';
import { ACTIONS } from './actions.ts';
import { AuditRow } from './audit-entry.tsx';
import { type AuditSearch, readAuditSearch } from './route.ts';

const route = getRouteApi('/audit');

const auditQuery = (search: AuditSearch) =>
  pagedQuery({
    queryKey: ['audit', search],
    fetchPage: (cursor, signal) =>
      answerOf(client.GET('/api/v1/audit', { params: { query: { ...search, ...cursor } }, signal })),
  });

const FIELDS: readonly FilterField[] = [
  { name: 'actor', label: 'Who', kind: 'text' },
  { name: 'action', label: 'What', kind: 'text', options: ACTIONS },
  { name: 'subject', label: 'To what', kind: 'text' },
];

export function AuditPage() {
  const { data: caller } = useQuery(callerQuery);
  const tenant = caller?.tenant ?? null;
  return (
    <>
      <PageHead title="Audit" />
      {tenant === null ? <Audit /> : <NotOfTenant what="The entries of the audit" tenant={tenant} />}
    </>
  );
}

function Audit() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <>
      <FilterBar
        fields={FIELDS}
        values={search}
        onChange={changes =>
          void navigate({ search: current => readAuditSearch({ ...current, ...changes }) })
        }
        onClear={() => void navigate({ search: {} })}
      />
      <AuditList search={search} />
      <ApiCall path={pathWith('/api/v1/audit', search)} />
    </>
  );
}

function AuditList({ search }: { readonly search: AuditSearch }) {
  const list = useInfiniteQuery(auditQuery(search));
  return (
    <PagedList list={list} none={isEnd => <NoEntries search={search} isEnd={isEnd} />}>
      {entries => (
        <ul className="audit" aria-label="What was done, the newest first">
          {entries.map(entry => (
            <AuditRow key={entry.id} entry={entry} />
          ))}
        </ul>
      )}
    </PagedList>
  );
}

/** isEnd: the look went to the end of what is kept. */
function NoEntries({ search, isEnd }: { readonly search: AuditSearch; readonly isEnd: boolean }) {
  if (Object.keys(search).length > 0) {
    return (
      <EmptyState title={isEnd ? 'Nothing is like this' : 'None so far'}>
        {isEnd
          ? 'No entry has exactly this who, what and to what.'
          : 'None of those that were looked at; there are more behind them.'}
      </EmptyState>
    );
  }
  return (
    <EmptyState title="Nothing has been done yet" command="npx ackline tokens create me --scope view">
      Who pauses, replays, discards or looks at a payload is written down here, by this page, by the API or in
      a terminal. A token for somebody is an entry, too:
    </EmptyState>
  );
}
