import type { ListedReplay, ReplayFilter } from '../api/replays.ts';
import { StateBadge, type Tone } from './state-badge.tsx';
import { visibleText } from './visible-text.ts';

const STATES: Readonly<Record<ListedReplay['state'], { readonly tone: Tone; readonly text: string }>> = {
  counting: { tone: 'busy', text: 'counting' },
  announced: { tone: 'wait', text: 'waits for start' },
  trickle: { tone: 'busy', text: 'first few' },
  running: { tone: 'busy', text: 'running' },
  stopped: { tone: 'bad', text: 'stopped' },
  cancelled: { tone: 'idle', text: 'cancelled' },
  done: { tone: 'good', text: 'all sent' },
};

export function ReplayBadge({ state }: Pick<ListedReplay, 'state'>) {
  return <StateBadge {...STATES[state]} />;
}

/** "parked, cause crm 503": what a replay is of. */
export function filterText({ state, ...named }: ReplayFilter): string {
  const words = Object.entries(named).map(([name, value]) => `${name} ${visibleText(value)}`);
  return [state, ...words].join(', ');
}
