import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { announceReplay, isPending, replaysQuery } from '../../api/replays.ts';
import { Button } from '../../components/button.tsx';
import { ProblemBox } from '../../components/problem-box.tsx';
import { useScope } from '../../components/use-scope.ts';
import { visibleText } from '../../components/visible-text.ts';
import type { ParkedFilter } from './parked-search.ts';

interface GroupReplayProps {
  readonly filter: ParkedFilter;
  /** The replay that is shown here already. */
  readonly replayId: string | undefined;
}

/** Begins a replay of the group: it is counted, and shown, before anything is sent. */
export function GroupReplay({ filter, replayId }: GroupReplayProps) {
  const [isCounting, setCounting] = useState(false);
  const [failure, setFailure] = useState<{ readonly error: unknown } | null>(null);
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const mayOperate = useScope('operate');
  if (!mayOperate)
    return (
      <span className="hint">
        To replay takes the scope <code>operate</code>.
      </span>
    );
  const announce = async () => {
    setCounting(true);
    setFailure(null);
    try {
      const { id } = await announceReplay({ state: 'parked', ...filter });
      await queryClient.invalidateQueries({ queryKey: ['replays'] });
      await navigate({ to: '/parked', search: { ...filter, replay: id }, resetScroll: false });
    } catch (error) {
      setFailure({ error });
    } finally {
      setCounting(false);
    }
  };
  return (
    <>
      <Pending filter={filter} replayId={replayId} />
      <Button kind="primary" isDisabled={isCounting} onPress={() => void announce()}>
        Count and replay this group
      </Button>
      {failure !== null && <ProblemBox error={failure.error} />}
    </>
  );
}

/** Somebody else may be at it. */
function Pending({ filter, replayId }: GroupReplayProps) {
  const { data } = useInfiniteQuery(replaysQuery);
  const found = data?.pages[0]?.items.find(
    replay => isPending(replay) && replay.filter.state === 'parked' && isSame(replay.filter, filter),
  );
  if (found === undefined || found.id === replayId) return null;
  return (
    <Link to="/parked" search={{ ...filter, replay: found.id }}>
      A replay of this group by {visibleText(found.createdBy)} is not at its end
    </Link>
  );
}

function isSame(of: ParkedFilter, filter: ParkedFilter): boolean {
  return of.cause === filter.cause && of.destination === filter.destination && of.source === filter.source;
}
