import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Age } from '../../components/age.tsx';
import { countText, numberText } from '../../components/count-text.ts';
import { elapsedText } from '../../components/duration.ts';
import type { Overview } from './overview-query.ts';

type Now = Overview['now'];

/** What is so now, each with how old it is. isOfAll: who looks has no tenant. */
export function NowTiles({ now, isOfAll }: { readonly now: Now; readonly isOfAll: boolean }) {
  const { acks, tier, parked, replays } = now;
  return (
    <ul className="tiles" aria-label="Now">
      <Tile title="Takes events" at={tier?.measuredAt}>
        {tier === null ? <Quiet>nothing came</Quiet> : <TierName tier={tier.inUse} />}
      </Tile>
      <Tile title="Answers in, p99" at={acks?.measuredAt}>
        {acks?.p99Ms == null ? <Quiet>nothing came</Quiet> : elapsedText(acks.p99Ms)}
      </Tile>
      {isOfAll && <LagTile lag={now.lag} />}
      {isOfAll && now.breakers !== null && <BreakersTile breakers={now.breakers} />}
      <Tile title="Parked" at={parked.measuredAt} isBad={parked.count > 0}>
        <Link to="/parked">{countText(parked)}</Link>
      </Tile>
      <Tile title="Replays pending" at={replays.measuredAt}>
        <Link to="/replays">{numberText(replays.pending)}</Link>
      </Tile>
    </ul>
  );
}

interface TileProps {
  readonly title: string;
  /** undefined: it is of no time. */
  readonly at: string | undefined;
  readonly isBad?: boolean;
  readonly note?: ReactNode;
  readonly children: ReactNode;
}

function Tile({ title, at, isBad = false, note, children }: TileProps) {
  return (
    <li className="tile" data-bad={isBad}>
      <span className="tile-title">{title}</span>
      <span className="tile-value">{children}</span>
      {note !== undefined && <span className="tile-note">{note}</span>}
      <span className="hint">{at === undefined ? 'in the last minutes' : <Age at={at} />}</span>
    </li>
  );
}

const Quiet = ({ children }: { readonly children: ReactNode }) => <span className="faint">{children}</span>;

const TIERS = { kafka: 'Kafka', inbox: 'inbox', spool: 'spool' } as const;

function TierName({ tier }: { readonly tier: keyof typeof TIERS }) {
  return TIERS[tier];
}

function LagTile({ lag }: { readonly lag: Now['lag'] }) {
  if (lag === null) {
    return (
      <Tile title="Lag" at={undefined} isBad>
        <span className="tile-words">no processor runs</span>
      </Tile>
    );
  }
  const note = `${numberText(lag.waiting)} not stored yet`;
  return (
    <Tile title="Lag" at={lag.measuredAt} note={note}>
      {numberText(Math.round(lag.seconds * 10) / 10)} s
    </Tile>
  );
}

function BreakersTile({ breakers }: { readonly breakers: NonNullable<Now['breakers']> }) {
  const open = breakers.items.filter(({ breaker }) => breaker !== 'closed');
  const paused = breakers.items.filter(item => item.paused);
  const names = open.map(({ destination }) => destination).join(', ');
  const note = paused.length === 0 ? names : `${names}${names === '' ? '' : '; '}${paused.length} paused`;
  return (
    <Tile
      title="Breakers open"
      at={breakers.measuredAt}
      isBad={open.length > 0}
      {...(note === '' ? {} : { note })}
    >
      <Link to="/destinations">
        {open.length} of {breakers.closed + breakers.items.length}
      </Link>
    </Tile>
  );
}
