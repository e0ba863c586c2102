import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { answerOf, client } from '../../api/client.ts';
import { ApiCall } from '../../components/api-call.tsx';
import { bytesText } from '../../components/bytes.ts';
import { KeyText } from '../../components/key-text.tsx';
import { KeyValueList } from '../../components/key-value-list.tsx';
import { PageHead } from '../../components/page-head.tsx';
import { ProblemBox } from '../../components/problem-box.tsx';
import { RowsSkeleton } from '../../components/skeleton.tsx';
import { DeliveryBadge } from '../../components/state-badge.tsx';
import { Time } from '../../components/time.tsx';

const route = getRouteApi('/events/$id');

export function EventPage() {
  const { id } = route.useParams();
  const { data, error, refetch } = useQuery({
    queryKey: ['event', id],
    queryFn: ({ signal }) =>
      answerOf(client.GET('/api/v1/events/{id}', { params: { path: { id } }, signal })),
  });
  return (
    <>
      <PageHead title={data === undefined ? 'Event' : `Event ${data.type}`} />
      {error !== null && <ProblemBox error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <RowsSkeleton />}
      {data !== undefined && (
        <>
          <KeyValueList
            facts={[
              ['Id', <code key="id">{data.id}</code>],
              ['Source', data.source],
              ['Provider', data.provider],
              ['Tenant', data.tenant],
              ['Type', <code key="type">{data.type}</code>],
              ['Received', <Time key="received" at={data.receivedAt} />],
              ['Stored', <Time key="stored" at={data.storedAt} />],
              ['Log', data.tier],
              ['Ordering key', <KeyText key="ordering" value={data.orderingKey} />],
              ['Dedup key', <KeyText key="dedup" value={data.dedupKey} />],
              ['Body', bytesText(data.bodyBytes)],
              ['Trace', data.traceId === null ? null : <code key="trace">{data.traceId}</code>],
            ]}
          />
          <h2>Deliveries</h2>
          {data.deliveries.length === 0 && <p className="faint">None.</p>}
          <KeyValueList
            facts={data.deliveries.map(({ id: key, destination, state }) => [
              destination,
              <DeliveryBadge key={key} state={state} />,
            ])}
          />
        </>
      )}
      <ApiCall path={`/api/v1/events/${encodeURIComponent(id)}`} />
    </>
  );
}
