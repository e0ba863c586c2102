import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Button } from '../../components/button.tsx';
import { Card } from '../../components/card-list.tsx';
import { countText } from '../../components/count-text.ts';
import { durationText } from '../../components/duration.ts';
import { PlaceText } from '../../components/place-text.tsx';
import { StateBadge, type Tone } from '../../components/state-badge.tsx';
import { Time } from '../../components/time.tsx';
import { type Destination, type DestinationAction, pausedByQuery } from './destination.ts';

type Count = Destination['due'];

interface DestinationCardProps {
  readonly destination: Destination;
  /** undefined: not known yet. */
  readonly parked: Count | undefined;
  readonly mayOperate: boolean;
  readonly onAct: (action: DestinationAction) => void;
}

export function DestinationCard({ destination, parked, mayOperate, onAct }: DestinationCardProps) {
  const { name, type, address, place, concurrency, ordering, paused } = destination;
  return (
    <Card
      title={name}
      badges={<Badges destination={destination} />}
      end={mayOperate && <Actions destination={destination} onAct={onAct} />}
    >
      {paused !== null && <Paused name={name} {...paused} />}
      <Held destination={destination} />
      <div className="card-line">
        {type === null ? (
          <span>ackline.yaml has it no more: its work waits until it is back.</span>
        ) : (
          <>
            <span>
              {type} <code>{address}</code>
            </span>
            {concurrency !== null && <span>{concurrency} at a time</span>}
            {ordering === 'key' && <span>in order of its keys</span>}
            <PlaceText place={place} />
          </>
        )}
      </div>
      <Work destination={destination} parked={parked} />
    </Card>
  );
}

const BREAKER_TONES: Readonly<Record<Destination['breaker'], Tone>> = {
  closed: 'good',
  open: 'bad',
  'half open': 'busy',
  recovering: 'wait',
};

function Badges({ destination: { paused, breaker, type } }: { readonly destination: Destination }) {
  return (
    <>
      {paused !== null && <StateBadge tone="wait" text="paused" />}
      {type === null && <StateBadge tone="bad" text="not configured" />}
      {type !== null && <StateBadge tone={BREAKER_TONES[breaker]} text={`breaker ${breaker}`} />}
    </>
  );
}

function Actions({ destination, onAct }: Pick<DestinationCardProps, 'destination' | 'onAct'>) {
  const { name, paused, breaker, type } = destination;
  const isTripped = breaker === 'open' || breaker === 'half open';
  // One button for both, so that the keyboard is where it was when the one has become the other.
  return (
    <>
      {isTripped && (
        <Button onPress={() => onAct('enable')} aria-label={`Enable ${name}`}>
          Enable
        </Button>
      )}
      {(paused !== null || type !== null) && (
        <Button
          onPress={() => onAct(paused === null ? 'pause' : 'resume')}
          aria-label={`${paused === null ? 'Pause' : 'Resume'} ${name}`}
        >
          {paused === null ? 'Pause' : 'Resume'}
        </Button>
      )}
    </>
  );
}

interface PausedProps {
  readonly name: string;
  readonly reason: string;
  readonly at: string;
}

function Paused({ name, reason, at }: PausedProps) {
  const { data: actor } = useQuery(pausedByQuery(name, at));
  return (
    <p className="card-note">
      Paused <Time at={at} />
      {actor != null && <> by {actor}</>}: {reason}
    </p>
  );
}

/** Why nothing goes out though nobody has paused it. */
function Held({ destination }: { readonly destination: Destination }) {
  const { paused, heldBecause, probeInMs, type } = destination;
  if (paused !== null || heldBecause === null || type === null) return null;
  return (
    <p className="card-note card-note-bad">
      Held: {heldBecause}.{probeInMs !== null && ` ${probeText(probeInMs)}`}
    </p>
  );
}

function probeText(ms: number): string {
  return ms < 1_000 ? 'The next delivery tries it.' : `It is tried again in ${durationText(ms)}.`;
}

function Work({ destination, parked }: Pick<DestinationCardProps, 'destination' | 'parked'>) {
  const { name, due, heldBecause } = destination;
  const isHeld = heldBecause !== null && due.count > 0;
  return (
    <div className="card-line">
      <Link to="/events" search={{ destination: name, state: 'due' }}>
        {countText(due)} {isHeld ? 'held' : 'due'}
      </Link>
      {parked !== undefined && (
        <Link to="/parked" search={{ destination: name }}>
          {countText(parked)} parked
        </Link>
      )}
      <Link to="/events" search={{ destination: name }}>
        All its events
      </Link>
    </div>
  );
}
