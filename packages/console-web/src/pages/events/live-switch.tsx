import { StateBadge } from '../../components/state-badge.tsx';
import { Switch } from '../../components/switch.tsx';
import type { EventRowsState } from './event-rows.ts';
import { type EventSearch, whyNotLive } from './event-search.ts';

interface LiveSwitchProps {
  readonly search: EventSearch;
  readonly stream: EventRowsState['stream'];
  readonly isPaused: boolean;
  readonly onPause: (isPaused: boolean) => void;
}

const STREAMS = {
  off: { tone: 'idle', text: 'not live' },
  connecting: { tone: 'wait', text: 'connecting' },
  live: { tone: 'good', text: 'live' },
  away: { tone: 'wait', text: 'reconnecting' },
} as const;

export function LiveSwitch({ search, stream, isPaused, onPause }: LiveSwitchProps) {
  const why = whyNotLive(search);
  if (why !== null) return <StateBadge tone="idle" text={`not live: filtered by ${why}`} />;
  return (
    <div className="live">
      <span role="status">
        {isPaused ? <StateBadge tone="idle" text="paused" /> : <StateBadge {...STREAMS[stream]} />}
      </span>
      <Switch isOn={!isPaused} onChange={isOn => onPause(!isOn)}>
        Live
      </Switch>
    </div>
  );
}
