import './event-page.css';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { problemOf } from '../../api/call-error.ts';
import { ApiCall } from '../../components/api-call.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { PageHead } from '../../components/page-head.tsx';
import { ProblemBox } from '../../components/problem-box.tsx';
import { RowsSkeleton } from '../../components/skeleton.tsx';
import { visibleText } from '../../components/visible-text.ts';
import { Deliveries } from './deliveries.tsx';
import { EventFacts } from './event-facts.tsx';
import { eventQuery } from './event-query.ts';
import { Payload } from './payload.tsx';
import { Timeline } from './timeline.tsx';

const route = getRouteApi('/events/$id');

export function EventPage() {
  const { id } = route.useParams();
  const { data, error, refetch } = useQuery(eventQuery(id));
  if (data === undefined && error !== null && IS_NONE.has(problemOf(error).status))
    return <NoSuchEvent id={id} />;
  return (
    <>
      <PageHead title={data === undefined ? 'Event' : `Event ${visibleText(data.type)}`} />
      {error !== null && <ProblemBox error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <RowsSkeleton />}
      {data !== undefined && (
        <>
          <EventFacts event={data} />
          <Deliveries event={data} />
          <Timeline event={data} />
          <Payload key={id} id={id} />
        </>
      )}
      <ApiCall path={`/api/v1/events/${encodeURIComponent(id)}`} />
    </>
  );
}

/** Not there, or no id at all. */
const IS_NONE: ReadonlySet<number> = new Set([400, 404]);

function NoSuchEvent({ id }: { readonly id: string }) {
  return (
    <>
      <PageHead title="No such event" />
      <EmptyState title="This event is not here">
        No event has the id <code>{visibleText(id)}</code>: its days of keeping are over, it was never stored,
        or it is another tenant’s. <Link to="/events">All events</Link>
      </EmptyState>
    </>
  );
}
