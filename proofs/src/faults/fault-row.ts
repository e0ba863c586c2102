import { type Attempt, isAccepted, type PacedLoad } from '../paced-load.ts';
import { percentile } from '../telegram-load.ts';
import type { StoredUpdates } from './fault-ledger.ts';
import type { FaultState } from './fault-states.ts';
import type { IngressCounts } from './ingress-watch.ts';

export interface FaultRow {
  readonly state: string;
  readonly requests: number;
  readonly answered2xx: number;
  /** How often each other status came; `none` where no answer came. */
  readonly others: Readonly<Record<string, number>>;
  /** Distinct updates with a 2xx. */
  readonly accepted: number;
  readonly stored: number;
  readonly lost: number;
  readonly storedTwice: number;
  readonly undelivered: number;
  readonly calm: Latency;
  /** From the fault's begin to its end. */
  readonly inState: Latency;
  /** The same without its first seconds, in which breakers open. */
  readonly settled: Latency;
  readonly appended: Readonly<Record<string, number>>;
  /** From the fault's end until what was accepted before it is stored; null: it did not come. */
  readonly drainMs: number | null;
  /** From the last answer of the load until all of it is stored. */
  readonly settleMs: number;
  readonly lossy: { readonly answered2xx: number; readonly notStored: number; readonly counted: number };
  /** What breaks the contract. */
  readonly broken: readonly string[];
  /** The last lines of the ingress. */
  readonly output: string;
}

export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface RowFacts {
  readonly state: FaultState;
  /** By `performance.now()`. */
  readonly window: { readonly calmUntil: number; readonly from: number; readonly to: number };
  readonly drainMs: number | null;
  readonly settleMs: number;
  readonly main: PacedLoad;
  readonly lossy: PacedLoad;
  readonly stored: StoredUpdates;
  readonly storedLossy: StoredUpdates;
  readonly counts: IngressCounts;
  readonly delivered: ReadonlyMap<number, number>;
  readonly output: string;
}

/** A breaker needs some failures in a row, each a deadline long. */
const SETTLING_MS = 3_000;

export function makeRow(facts: RowFacts): FaultRow {
  const { state, window, main, lossy, stored, storedLossy, counts, delivered } = facts;
  const answered2xx = main.attempts.filter(attempt => isAccepted(attempt.status)).length;
  const lost = main.accepted.difference(stored.ids).size;
  const undelivered = [...main.accepted].filter(id => !delivered.has(id)).length;
  const notStored = lossy.accepted.difference(storedLossy.ids).size;
  const between = (from: number, to: number): readonly Attempt[] =>
    main.attempts.filter(
      attempt => attempt.dueAt >= from && attempt.dueAt < to && isAccepted(attempt.status),
    );
  const broken = [
    lost > 0 ? `${lost} updates got a 2xx and are not stored` : '',
    stored.twice + storedLossy.twice > 0
      ? `${stored.twice + storedLossy.twice} updates are stored twice`
      : '',
    undelivered > lost ? `${undelivered} updates got a 2xx and were not delivered` : '',
    // A killed ingress takes its newest counts with it.
    notStored > counts.lost && state.ingressKills === undefined
      ? `onUndurable: 200: ${notStored} not stored, ${counts.lost} counted as lost`
      : '',
    facts.drainMs === null ? 'the drain did not end' : '',
  ].filter(line => line !== '');
  return {
    state: state.name,
    requests: main.attempts.length,
    answered2xx,
    others: countOthers(main.attempts),
    accepted: main.accepted.size,
    stored: stored.ids.size,
    lost,
    storedTwice: stored.twice,
    undelivered,
    calm: latency(between(0, window.calmUntil)),
    inState: latency(between(window.from, window.to)),
    settled: latency(between(window.from + SETTLING_MS, window.to)),
    appended: counts.appended,
    drainMs: facts.drainMs,
    settleMs: facts.settleMs,
    lossy: { answered2xx: lossy.accepted.size, notStored, counted: counts.lost },
    broken,
    output: facts.output,
  };
}

export function countOthers(attempts: readonly Attempt[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of attempts) {
    if (isAccepted(status)) continue;
    const name = status === null ? 'none' : String(status);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

function latency(attempts: readonly Attempt[]): Latency {
  const times = attempts.map(attempt => attempt.ms);
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99), max: percentile(times, 1) };
}
