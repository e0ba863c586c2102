import { metricTable, SERVICE_LABEL } from '@ackline/runtime/metric-table';
import { shownStatus } from '@ackline/store/destination-states';
import { increases, type Quantiles, quantilesMs, type Samples, sumBy } from './metric-samples.ts';
import type { ServiceAnswer } from './read-services.ts';
import type { StoreFigures } from './read-store.ts';

/** What all parts said at one moment. */
export interface Look {
  /** Monotonic milliseconds. */
  readonly atMs: number;
  readonly services: readonly ServiceAnswer[];
  /** null: PostgreSQL is away, and `storeProblem` says how. */
  readonly store: StoreFigures | null;
  readonly storeProblem: string | null;
}

/** What a look shows beside the one before it; with `--json` it is one document, whose names are API. Rates are per second. */
export interface Frame {
  readonly intervalMs: number;
  readonly services: readonly { readonly url: string; readonly problem: string | null }[];
  readonly postgres: { readonly problem: string | null };
  readonly processors: number | null;
  readonly sources: readonly SourceRates[];
  /** Of requests of the interval; null: there were none. */
  readonly ackMs: Quantiles | null;
  readonly tiers: readonly {
    readonly name: string;
    readonly appendedPerS: number;
    readonly breaker: BreakerWord;
  }[];
  /** Where most events of the interval went; null: there were none. */
  readonly tierInUse: string | null;
  readonly lag: {
    readonly kafkaRecords: number | null;
    /** Since the first of them was appended; null: none of the services that are asked says so. */
    readonly kafkaOldestMs: number | null;
    readonly inboxEvents: number | null;
    readonly inboxOldestMs: number | null;
  };
  readonly attemptsPerS: Readonly<Record<string, number>>;
  readonly work: WorkCounts | null;
  readonly destinations: readonly DestinationFigures[];
}

export type BreakerWord = 'closed' | 'half open' | 'open' | 'unknown';

export interface SourceRates {
  readonly name: string;
  readonly accepted: number;
  readonly duplicate: number;
  /** Rejected, abandoned and failed. */
  readonly refused: number;
  readonly lost: number;
}

export interface WorkCounts {
  readonly due: number;
  readonly leased: number;
  readonly waiting: number;
  readonly replay: number;
  readonly parked: number;
  /** Due, and not sent: its destination is paused, its breaker open, or it is configured no longer. */
  readonly held: number;
  /** Of what is neither finished nor parked. */
  readonly oldestMs: number | null;
  /** Of these counts, by their names: there is more than was counted. */
  readonly more: readonly string[];
}

export interface DestinationFigures extends WorkCounts {
  readonly name: string;
  readonly breaker: BreakerWord;
  readonly paused: boolean;
  /** null: it is not known, no file says so. */
  readonly configured: boolean | null;
  readonly attemptsPerS: Readonly<Record<string, number>>;
}

const TIERS = ['kafka', 'inbox', 'spool'] as const;

/** `before` is null for the first look: then nothing is known of rates, and they are 0. */
export function makeFrame(before: Look | null, now: Look): Frame {
  const intervalMs = before === null ? 0 : now.atMs - before.atMs;
  const samples = now.services.flatMap(service => service.samples ?? []);
  const changes = now.services.flatMap(({ url, samples: after }) => {
    const earlier = before?.services.find(service => service.url === url)?.samples ?? null;
    return after === null ? [] : increases(earlier, after);
  });
  const perS = (count: number) => (intervalMs <= 0 ? 0 : count / (intervalMs / 1_000));
  const { store } = now;
  const tiers = tierFigures(samples, changes, perS);
  return {
    intervalMs: Math.round(intervalMs),
    services: now.services.map(({ url, problem }) => ({ url, problem })),
    postgres: { problem: now.storeProblem },
    processors: store?.processors ?? null,
    sources: sourceRates(samples, changes, perS),
    ackMs: quantilesMs(changes, metricTable.ingressAckSeconds.name),
    tiers,
    tierInUse: busiest(tiers),
    lag: lagOf(store, samples),
    attemptsPerS: rates(sumBy(changes, metricTable.deliveryAttempts.name, 'outcome'), perS),
    work: store === null ? null : countWork(store.work, heldNames(store)),
    destinations: destinationFigures({ samples, changes, store, perS }),
  };
}

type PerSecond = (count: number) => number;

function busiest(tiers: Frame['tiers']): string | null {
  const [first] = tiers.toSorted((a, b) => b.appendedPerS - a.appendedPerS);
  return first === undefined || first.appendedPerS === 0 ? null : first.name;
}

function lagOf(store: StoreFigures | null, samples: Samples): Frame['lag'] {
  const seconds = samples
    .filter(({ name }) => name === metricTable.lagSeconds.name)
    .map(({ value }) => value);
  return {
    kafkaRecords: store?.kafkaLag ?? null,
    kafkaOldestMs: inMs(greatest(seconds)),
    inboxEvents: store?.inbox.count ?? null,
    inboxOldestMs: inMs(store?.inbox.oldestS ?? null),
  };
}

function greatest(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.max(...values);
}

function inMs(seconds: number | null): number | null {
  return seconds === null ? null : seconds * 1_000;
}

function rates(counts: ReadonlyMap<string, number>, perS: PerSecond): Readonly<Record<string, number>> {
  return Object.fromEntries([...counts].map(([name, count]) => [name, perS(count)]));
}

function sourceRates(samples: Samples, changes: Samples, perS: PerSecond): readonly SourceRates[] {
  const names = [...sumBy(samples, metricTable.ingressRequests.name, 'source').keys()].sort();
  return names.map(name => {
    const own = changes.filter(sample => sample.labels['source'] === name);
    const results = sumBy(own, metricTable.ingressRequests.name, 'result');
    const of = (...kinds: readonly string[]) =>
      perS(kinds.reduce((sum, kind) => sum + (results.get(kind) ?? 0), 0));
    return {
      name,
      accepted: of('accepted'),
      duplicate: of('duplicate'),
      refused: of('rejected', 'abandoned', 'failed'),
      lost: of('lost'),
    };
  });
}

function tierFigures(samples: Samples, changes: Samples, perS: PerSecond): Frame['tiers'] {
  const appended = sumBy(changes, metricTable.eventlogAppends.name, 'tier');
  const breakers = openness(samples, service => service !== PROCESSOR);
  return TIERS.filter(name => appended.has(name) || breakers.has(name)).map(name => ({
    name,
    appendedPerS: perS(appended.get(name) ?? 0),
    breaker: wordOf(breakers.get(name)),
  }));
}

const PROCESSOR = 'processor';

/** By its name: a destination may have that of a tier. Of several processes one that is open is enough. */
function openness(samples: Samples, isOf: (service: string) => boolean): ReadonlyMap<string, number> {
  const greatest = new Map<string, number>();
  for (const { name, labels, value } of samples) {
    if (name !== metricTable.breakerState.name || !isOf(labels[SERVICE_LABEL] ?? '')) continue;
    const breaker = labels['breaker'] ?? '';
    greatest.set(breaker, Math.max(value, greatest.get(breaker) ?? 0));
  }
  return greatest;
}

function wordOf(value: number | undefined): BreakerWord {
  if (value === undefined) return 'unknown';
  if (value >= 1) return 'open';
  return value > 0 ? 'half open' : 'closed';
}

function heldNames({ paused, breakers, work, configured }: StoreFigures): ReadonlySet<string> {
  return new Set([
    ...paused,
    ...breakers.filter(({ status }) => status !== 'CLOSED').map(({ name }) => name),
    ...work.map(({ destination }) => destination).filter(name => configured?.has(name) === false),
  ]);
}

function countWork(work: StoreFigures['work'], held: ReadonlySet<string>): WorkCounts {
  const of = (state: string) => work.filter(row => row.state === state);
  const parts = {
    due: of('due'),
    leased: of('leased'),
    waiting: of('waiting'),
    replay: of('replay'),
    parked: of('parked'),
    held: of('due').filter(({ destination }) => held.has(destination)),
  };
  const count = (rows: StoreFigures['work']) => rows.reduce((sum, row) => sum + row.count, 0);
  const ages = work.flatMap(({ oldestS }) => (oldestS === null ? [] : [oldestS]));
  return {
    due: count(parts.due),
    leased: count(parts.leased),
    waiting: count(parts.waiting),
    replay: count(parts.replay),
    parked: count(parts.parked),
    held: count(parts.held),
    oldestMs: inMs(greatest(ages)),
    more: Object.entries(parts).flatMap(([name, rows]) => (rows.some(row => row.hasMore) ? [name] : [])),
  };
}

const STATUS_WORD = { CLOSED: 'closed', HALF_OPEN: 'half open', OPEN: 'open' } as const;

function destinationFigures(parts: {
  readonly samples: Samples;
  readonly changes: Samples;
  readonly store: StoreFigures | null;
  readonly perS: PerSecond;
}): readonly DestinationFigures[] {
  const { samples, changes, store, perS } = parts;
  const states = new Map((store?.breakers ?? []).map(state => [state.name, STATUS_WORD[shownStatus(state)]]));
  const known = store === null ? 'unknown' : 'closed';
  const names = new Set([
    ...openness(samples, service => service === PROCESSOR).keys(),
    ...sumBy(samples, metricTable.deliveryAttempts.name, 'destination').keys(),
    ...(store?.work ?? []).map(({ destination }) => destination),
    ...(store?.paused ?? []),
  ]);
  const held = store === null ? new Set<string>() : heldNames(store);
  return [...names].sort().map(name => {
    const own = changes.filter(sample => sample.labels['destination'] === name);
    return {
      name,
      breaker: states.get(name) ?? known,
      paused: store?.paused.has(name) ?? false,
      configured: store?.configured?.has(name) ?? null,
      attemptsPerS: rates(sumBy(own, metricTable.deliveryAttempts.name, 'outcome'), perS),
      ...countWork(
        (store?.work ?? []).filter(({ destination }) => destination === name),
        held,
      ),
    };
  });
}
