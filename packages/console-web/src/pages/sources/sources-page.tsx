import './sources-page.css';
import { useQuery } from '@tanstack/react-query';
import { sourcesQuery } from '../../api/configured.ts';
import { callerQuery } from '../../api/session.ts';
import { ApiCall } from '../../components/api-call.tsx';
import { CardList } from '../../components/card-list.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { PageHead } from '../../components/page-head.tsx';
import { ProblemBox } from '../../components/problem-box.tsx';
import { RowsSkeleton } from '../../components/skeleton.tsx';
import { SourceCard } from './source-card.tsx';

const REFRESH_MS = 15_000;

export function SourcesPage() {
  const { data, error, refetch } = useQuery({ ...sourcesQuery, refetchInterval: REFRESH_MS });
  return (
    <>
      <PageHead title="Sources" />
      {error !== null && <ProblemBox error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <RowsSkeleton />}
      {data?.items.length === 0 && <NoSources />}
      {data !== undefined && data.items.length > 0 && (
        <CardList label="Sources">
          {data.items.map(source => (
            <SourceCard key={source.name} source={source} />
          ))}
        </CardList>
      )}
      <ApiCall path="/api/v1/sources" />
    </>
  );
}

function NoSources() {
  const { data: caller } = useQuery(callerQuery);
  if (caller !== undefined && caller.tenant !== null) {
    return (
      <EmptyState title={`The tenant ${caller.tenant} has no source`}>
        You are signed in for this tenant alone, and ackline.yaml gives it none.
      </EmptyState>
    );
  }
  return (
    <EmptyState title="No source is configured" command="npx ackline check">
      A source is an address that a provider calls. Add one under <code>sources</code> of ackline.yaml; it is
      taken over as soon as the file is saved. What is wrong with the file, with its line:
    </EmptyState>
  );
}
