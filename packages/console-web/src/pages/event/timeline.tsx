import { elapsedText } from '../../components/duration.ts';
import { Time } from '../../components/time.tsx';
import { visibleText } from '../../components/visible-text.ts';
import type { EventDetails } from './event-query.ts';

type Entry = EventDetails['timeline'][number];

/** Of all deliveries together; each has its own attempts beside it. */
const MAX_SHOWN = 200;

/** From the request to the last attempt, with what lay between. */
export function Timeline({ event }: { readonly event: EventDetails }) {
  const { timeline, tier } = event;
  const shown = timeline.slice(-MAX_SHOWN);
  const left = timeline.length - shown.length;
  const next = event.deliveries
    .filter(({ state }) => state === 'due')
    .sort((a, b) => (a.dueAt < b.dueAt ? -1 : 1))[0];
  return (
    <>
      <h2 id="timeline">Timeline</h2>
      {left > 0 && <p className="hint">{left} earlier entries are not shown here.</p>}
      <ol className="timeline" aria-labelledby="timeline">
        {shown.map((entry, at) => (
          <li key={at} data-what={toneOf(entry)}>
            <Time at={entry.at} />
            <span className="timeline-gap">{gapText(shown[at - 1], entry)}</span>
            <span>{textOf(entry, tier)}</span>
          </li>
        ))}
        {next !== undefined && Date.parse(next.dueAt) > Date.now() && (
          <li data-what="next">
            <Time at={next.dueAt} />
            <span className="timeline-gap">in {elapsedText(Date.parse(next.dueAt) - Date.now())}</span>
            <span>Next attempt to {next.destination}</span>
          </li>
        )}
      </ol>
    </>
  );
}

/** Clocks of two machines may disagree: then nothing is said. */
function gapText(before: Entry | undefined, { at }: Entry): string {
  const ms = before === undefined ? -1 : Date.parse(at) - Date.parse(before.at);
  return ms < 0 ? '' : `+${elapsedText(ms)}`;
}

const STORED = { kafka: 'Stored, from Kafka', inbox: 'Stored, from the inbox' } as const;

function textOf({ what, destination, outcome }: Entry, tier: EventDetails['tier']): string {
  switch (what) {
    case 'occurred':
      return 'Occurred, says its provider';
    case 'received':
      return 'Received';
    case 'stored':
      return STORED[tier];
    case 'attempted':
      return `Attempt to ${destination}: ${visibleText(outcome ?? '')}`;
    case 'edited':
      return `Edited for ${destination}: ${visibleText(outcome ?? '')}`;
    case 'delivered':
      return `Delivered to ${destination}`;
    case 'parked':
      return `Parked for ${destination}: ${visibleText(outcome ?? 'it needs a person')}`;
    case 'discarded':
      return `Discarded for ${destination}`;
    default:
      return what satisfies never;
  }
}

function toneOf({ what, outcome }: Entry): string {
  if (what === 'delivered' || (what === 'attempted' && outcome?.startsWith('delivered') === true))
    return 'good';
  return what === 'parked' || what === 'attempted' ? 'bad' : 'plain';
}
