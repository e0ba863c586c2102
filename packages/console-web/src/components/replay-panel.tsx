import './replay-panel.css';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { type Replay, replayQuery } from '../api/replays.ts';
import { deliveriesText, numberText } from './count-text.ts';
import { KeyValueList } from './key-value-list.tsx';
import { ProblemBox } from './problem-box.tsx';
import { ReplayActions } from './replay-actions.tsx';
import { ReplayBadge } from './replay-state.tsx';
import { RowsSkeleton } from './skeleton.tsx';
import { visibleText } from './visible-text.ts';

/** How far a replay is, as it goes on, and what a person can do about it. */
export function ReplayPanel({ id }: { readonly id: string }) {
  const { data: replay, error, refetch } = useQuery(replayQuery(id));
  useRefreshParked(replay);
  if (error !== null && replay === undefined)
    return <ProblemBox error={error} onRetry={() => void refetch()} />;
  if (replay === undefined) return <RowsSkeleton rows={3} />;
  return (
    <section className="replay-panel" aria-label="Replay">
      <div className="replay-head">
        <ReplayBadge state={replay.state} />
        <p role="status">{wordsOf(replay)}</p>
        <ReplayActions replay={replay} />
      </div>
      <Progress replay={replay} />
    </section>
  );
}

function wordsOf({ state, counted, trickle, reason, left, parkedAgain }: Replay): string {
  const why = reason === null ? '' : `: ${visibleText(reason)}`;
  switch (state) {
    case 'counting':
      return `Counting: ${deliveriesText(counted)} so far. Nothing is sent.`;
    case 'announced':
      return `${deliveriesText(counted)} would be sent again, ${Math.min(trickle, counted)} first. Nothing is sent before you start it.`;
    case 'trickle':
      return 'The first few are on their way; the others follow once these have arrived.';
    case 'running':
      return `The first few have arrived. ${deliveriesText(left)} left.`;
    case 'stopped':
      return `Stopped${why}. ${deliveriesText(left)} left as they are.`;
    case 'cancelled':
      return `Cancelled${why}. ${deliveriesText(left)} left as they are.`;
    case 'done':
      return parkedAgain === 0 ? 'All is sent.' : `All is sent; ${deliveriesText(parkedAgain)} parked again.`;
    default:
      return state satisfies never;
  }
}

function Progress({ replay }: { readonly replay: Replay }) {
  const { state, counted, released, skipped } = replay;
  if (state === 'counting' || state === 'announced' || counted === 0) return null;
  const some = (name: string, count: number) => [name, count === 0 ? null : numberText(count)] as const;
  return (
    <>
      <label className="replay-progress">
        <span>
          {numberText(released + skipped)} of {numberText(counted)} sent
        </span>
        <progress max={counted} value={released + skipped} />
      </label>
      <KeyValueList
        facts={[
          some('Delivered', replay.delivered),
          some('On the way', replay.open),
          some('Trying again', replay.retrying),
          some('Parked again', replay.parkedAgain),
          some('Discarded', replay.discarded),
          some('Left out', skipped),
        ]}
      />
    </>
  );
}

/** What is parked, and what events say of their deliveries, changes with it. */
function useRefreshParked(replay: Replay | undefined): void {
  const queryClient = useQueryClient();
  const seen =
    replay === undefined
      ? ''
      : [replay.released, replay.skipped, replay.parkedAgain, replay.delivered].join();
  useEffect(() => {
    if (seen === '') return;
    for (const queryKey of [['parked'], ['causes'], ['event']])
      void queryClient.invalidateQueries({ queryKey });
  }, [seen, queryClient]);
}
