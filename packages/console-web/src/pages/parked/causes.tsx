import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { causesQuery, type ParkedCause, quarantinedQuery } from '../../api/parked.ts';
import { callerQuery } from '../../api/session.ts';
import { ApiCall } from '../../components/api-call.tsx';
import { deliveriesText } from '../../components/count-text.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { PageHead } from '../../components/page-head.tsx';
import { ProblemBox } from '../../components/problem-box.tsx';
import { RowsSkeleton } from '../../components/skeleton.tsx';
import { Time } from '../../components/time.tsx';
import { visibleText } from '../../components/visible-text.ts';
import { Quarantined } from './quarantined.tsx';

export function Causes() {
  const { data, error, refetch } = useQuery(causesQuery);
  const { data: caller } = useQuery(callerQuery);
  // What is no event has no tenant.
  const quarantined = useQuery({ ...quarantinedQuery, enabled: caller?.tenant === null });
  return (
    <>
      <PageHead title="Parked" />
      {quarantined.error !== null && (
        <ProblemBox error={quarantined.error} onRetry={() => void quarantined.refetch()} />
      )}
      {quarantined.data !== undefined && <Quarantined {...quarantined.data} />}
      {error !== null && <ProblemBox error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <RowsSkeleton rows={4} />}
      {data?.items.length === 0 && (
        <EmptyState title="No delivery is parked" command="npx ackline destinations">
          A delivery is parked when its destination refuses it for good, or has failed at every try of its
          schedule. It waits here for a person, by cause: mend the cause, and send all of it again. How the
          destinations are:
        </EmptyState>
      )}
      {data !== undefined && data.items.length > 0 && (
        <>
          <p className="hint">Mend a cause, then send all that is parked for it again.</p>
          <ul className="causes">
            {data.items.map(cause => (
              <Cause key={cause.cause} cause={cause} />
            ))}
          </ul>
        </>
      )}
      <ApiCall path="/api/v1/parked/causes" />
    </>
  );
}

function Cause({
  cause: { cause, count, hasMore, firstAt, lastAt, exampleEventId },
}: {
  readonly cause: ParkedCause;
}) {
  return (
    <li className="cause">
      <h2>
        <Link to="/parked" search={{ cause }} className="row-link">
          {visibleText(cause)}
        </Link>
      </h2>
      <strong>{deliveriesText(count, hasMore)}</strong>
      <Link to="/events/$id" params={{ id: exampleEventId }} aria-label={`Example of ${visibleText(cause)}`}>
        Example
      </Link>
      <span className="faint">
        <Time at={firstAt} />
        {firstAt !== lastAt && (
          <>
            {' – '}
            <Time at={lastAt} />
          </>
        )}
      </span>
    </li>
  );
}
