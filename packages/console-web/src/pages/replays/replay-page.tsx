import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { problemOf } from '../../api/call-error.ts';
import { replayQuery } from '../../api/replays.ts';
import { ApiCall } from '../../components/api-call.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { KeyValueList } from '../../components/key-value-list.tsx';
import { PageHead } from '../../components/page-head.tsx';
import { ReplayPanel } from '../../components/replay-panel.tsx';
import { filterText } from '../../components/replay-state.tsx';
import { Time } from '../../components/time.tsx';
import { visibleText } from '../../components/visible-text.ts';

const route = getRouteApi('/replays/$id');

export function ReplayPage() {
  const { id } = route.useParams();
  const { data: replay, error } = useQuery(replayQuery(id));
  if (error !== null && [400, 404].includes(problemOf(error).status)) {
    return (
      <>
        <PageHead title="No such replay" />
        <EmptyState title="This replay is not here">
          No replay has this id, or it is another tenant’s. <Link to="/replays">All replays</Link>
        </EmptyState>
      </>
    );
  }
  return (
    <>
      <PageHead title="Replay" />
      <ReplayPanel id={id} />
      {replay !== undefined && (
        <KeyValueList
          facts={[
            ['What', filterText(replay.filter)],
            ['By', visibleText(replay.createdBy)],
            ['Counted', <Time key="created" at={replay.createdAt} />],
            ['Changed', <Time key="changed" at={replay.changedAt} />],
            ['Ended', replay.finishedAt === null ? null : <Time key="ended" at={replay.finishedAt} />],
            ['Rate', `${replay.ratePerS} a second at most`],
            ['First', `${replay.trickle}, before the others`],
          ]}
        />
      )}
      <ApiCall path={`/api/v1/replays/${encodeURIComponent(id)}`} />
    </>
  );
}
