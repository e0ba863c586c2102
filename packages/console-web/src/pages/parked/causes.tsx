import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { causesQuery, type ParkedCause } from '../../api/parked.ts';
import { ApiCall } from '../../components/api-call.tsx';
import { deliveriesText } from '../../components/count-text.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { PageHead } from '../../components/page-head.tsx';
import { ProblemBox } from '../../components/problem-box.tsx';
import { RowsSkeleton } from '../../components/skeleton.tsx';
import { Time } from '../../components/time.tsx';
import { visibleText } from '../../components/visible-text.ts';

export function Causes() {
  const { data, error, refetch } = useQuery(causesQuery);
  return (
    <>
      <PageHead title="Parked" />
      {error !== null && <ProblemBox error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <RowsSkeleton rows={4} />}
      {data?.items.length === 0 && (
        <EmptyState title="Nothing is parked" command="npx ackline destinations">
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
  cause: { cause, destination, count, hasMore, firstAt, lastAt },
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
      <span className="faint">to {destination}</span>
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
