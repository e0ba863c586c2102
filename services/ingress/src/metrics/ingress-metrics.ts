import { createMetricFactory, type MetricFactory } from '@ackline/runtime/metric-factory';
import { metricTable } from '@ackline/runtime/metric-table';
import type { SecretRef } from '@ackline/shared/config/types';
import type { Registry } from 'prom-client';
import { PHASE, PHASES } from '../http/phase-clock.ts';
import { UNKEPT_REASONS, type UnkeptReason } from '../rejections/rejection-keeper.ts';
import { createAnswerRuns } from './answer-runs.ts';
import { createSecretTally, type SecretTally } from './secret-tally.ts';
import { boundsInMs, registerTimes, TimeCounts } from './time-histogram.ts';

/** Of the source label, for requests that match none: a path is the caller's text, and no label. */
export const NO_SOURCE = 'none';

/** Why an event is refused that no log has. */
export const NOT_DURABLE = 'not_durable';
/** Why one is refused that is over its limit. */
export const RATE_LIMITED = 'rate_limited';

const RESULTS = ['accepted', 'duplicate', 'challenge', 'rejected', 'lost', 'abandoned', 'failed'] as const;
export type RequestResult = (typeof RESULTS)[number];

export interface IngressMetrics {
  started(): void;
  /** `timesMs` by the place of the phase; negative: it did not end. */
  finished(source: string, result: RequestResult, timesMs: readonly number[]): void;
  rejected(source: string, reason: string): void;
  /** As its provider sees it. */
  refusedProvider(source: string): void;
  /** The sender was not proven. */
  unproven(source: string, reason: string): void;
  /** By this secret; `at`: epoch milliseconds. */
  proven(source: string, secret: string, at: number): void;
  /** Proving took longer than it should. */
  slowSignature(source: string): void;
  /** Of those that were refused. */
  readonly rejectionKeeping: { kept(): void; unkept(reason: UnkeptReason): void };
  disconnected(): void;
  appended(source: string, tier: string): void;
}

/** What is counted of one source: plain numbers, which a scrape turns into metrics, so that a request costs a few additions. */
interface SourceFigures {
  readonly results: Record<RequestResult, number>;
  slowSignatures: number;
  /** By their reasons. */
  readonly rejects: Map<string, number>;
  readonly phases: TimeCounts;
  /** Of proven requests, as a whole. */
  readonly acks: TimeCounts;
}

const PHASE_BOUNDS_MS = boundsInMs(metricTable.ingressPhaseSeconds);
const ACK_BOUNDS_MS = boundsInMs(metricTable.ingressAckSeconds);
/** Of a histogram with one row. */
const ONLY = 0;

const NO_RESULTS: SourceFigures['results'] = {
  accepted: 0,
  duplicate: 0,
  challenge: 0,
  rejected: 0,
  lost: 0,
  abandoned: 0,
  failed: 0,
};

export interface ShownSource {
  readonly name: string;
  readonly secrets: readonly SecretRef[];
  readonly limit: { readonly over: 'defer' | 'reject' } | null;
}

export interface Shown {
  /** The sources that there are now, so that each is shown before anything has happened to it. */
  readonly configured: () => readonly ShownSource[];
  /** The live secrets of one of them, by their places. */
  readonly secretsOf: (secrets: readonly SecretRef[]) => readonly string[];
}

export function createIngressMetrics(
  registry: Registry,
  shown: Shown,
  secretTally: SecretTally = createSecretTally(),
): IngressMetrics {
  const { configured } = shown;
  const metrics = createMetricFactory(registry);
  /** As many as there are sources, and one. */
  const sources = new Map<string, SourceFigures>();
  const tiers = new Map<string, number>();
  let inFlightCount = 0;

  registerResults(metrics, sources, configured);
  registerSecretUses(metrics, secretTally, shown);
  registerSourceTimes(registry, sources);
  registerRejects(metrics, sources, configured);
  const runs = createAnswerRuns(metrics, { configured, now: Date.now });
  const signatureFailures = metrics.counter('ingressSignatureFailures');
  const disconnects = metrics.counter('ingressClientDisconnects');
  const rejectedKept = metrics.counter('ingressRejectedKept');
  const rejectedUnkept = metrics.counter('ingressRejectedUnkept');
  for (const reason of UNKEPT_REASONS) rejectedUnkept.inc({ reason }, 0);
  metrics.read('ingressInFlight', () => inFlightCount);
  metrics.read('eventlogAppends', () => [...tiers].map(([tier, count]) => [{ tier }, count]));

  return {
    started() {
      inFlightCount += 1;
    },
    finished(source, result, timesMs) {
      inFlightCount -= 1;
      count(figuresOf(sources, source), result, timesMs);
      if (isAcked(result)) runs.acked(source);
    },
    refusedProvider: source => runs.refused(source),
    rejected(source, reason) {
      const { rejects } = figuresOf(sources, source);
      rejects.set(reason, (rejects.get(reason) ?? 0) + 1);
    },
    unproven: (source, reason) => signatureFailures.inc({ source, reason }),
    proven: (source, secret, at) => secretTally.note(source, secret, at),
    slowSignature(source) {
      figuresOf(sources, source).slowSignatures += 1;
    },
    rejectionKeeping: {
      kept: () => rejectedKept.inc(),
      unkept: reason => rejectedUnkept.inc({ reason }),
    },
    disconnected: () => disconnects.inc(),
    appended: (_source, tier) => void tiers.set(tier, (tiers.get(tier) ?? 0) + 1),
  };
}

function figuresOf(sources: Map<string, SourceFigures>, source: string): SourceFigures {
  const known = sources.get(source);
  if (known !== undefined) return known;
  const figures = {
    results: { ...NO_RESULTS },
    slowSignatures: 0,
    rejects: new Map<string, number>(),
    phases: new TimeCounts(PHASES.length, PHASE_BOUNDS_MS),
    acks: new TimeCounts(1, ACK_BOUNDS_MS),
  };
  sources.set(source, figures);
  return figures;
}

/** A 2xx to an event: what anybody may ask for says nothing of how events are taken. */
function isAcked(result: RequestResult): boolean {
  return result === 'accepted' || result === 'duplicate' || result === 'lost';
}

function count(figures: SourceFigures, result: RequestResult, timesMs: readonly number[]): void {
  figures.results[result] += 1;
  for (let phase = 0; phase < PHASES.length; phase += 1) figures.phases.add(phase, timesMs[phase] ?? -1);
  figures.acks.add(ONLY, ackMsOf(result, timesMs) ?? -1);
}

/** How long an event waited for its answer, by the times of its phases; null: it was none. */
export function ackMsOf(result: RequestResult, timesMs: readonly number[]): number | null {
  // Quick refusals would hide slow acks; those of the log come late, and are no refusals of the request.
  const cameToTheLog = (timesMs[PHASE.append] ?? -1) >= 0;
  if (!isAcked(result) && !cameToTheLog) return null;
  let ackMs = 0;
  for (let phase = 0; phase < PHASES.length; phase += 1) {
    const ms = timesMs[phase] ?? -1;
    if (ms > 0 && phase !== PHASE.read) ackMs += ms; // how fast a client sends says nothing of us
  }
  return ackMs;
}

type Sources = ReadonlyMap<string, SourceFigures>;

function resultsOf(source: string, results: SourceFigures['results']) {
  return RESULTS.map(result => [{ source, result }, results[result]] as const);
}

function registerResults(
  metrics: MetricFactory,
  sources: Sources,
  configured: () => readonly ShownSource[],
): void {
  /** Also of those that had no request yet, and not of requests to no source. */
  const names = () => {
    const all = new Set([...configured().map(({ name }) => name), ...sources.keys()]);
    all.delete(NO_SOURCE);
    return all;
  };
  // From the start: a rate over nothing would be none.
  metrics.read('ingressRequests', () => [
    ...[...names()].flatMap(source => resultsOf(source, sources.get(source)?.results ?? NO_RESULTS)),
    ...resultsOf(NO_SOURCE, sources.get(NO_SOURCE)?.results ?? NO_RESULTS).filter(([, value]) => value > 0),
  ]);
  metrics.read('ingressEventsLost', () =>
    [...names()].map(source => [{ source }, sources.get(source)?.results.lost ?? 0]),
  );
  metrics.read('ingressSlowSignatures', () =>
    [...names()].map(source => [{ source }, sources.get(source)?.slowSignatures ?? 0]),
  );
}

/** Of a configured source some are there from the start, also where a reload adds it: an increase over nothing would be none. */
function registerRejects(metrics: MetricFactory, sources: Sources, configured: Shown['configured']): void {
  metrics.read('ingressRejects', () => {
    const zeros = new Map(configured().map(source => [source.name, zerosOf(source)]));
    return [...new Set([...zeros.keys(), ...sources.keys()])].flatMap(source => {
      const counted = sources.get(source)?.rejects ?? [];
      const known = new Map([...(zeros.get(source) ?? []), ...counted]);
      return [...known].map(([reason, count]) => [{ source, reason }, count] as const);
    });
  });
}

function zerosOf({ limit }: ShownSource): (readonly [string, number])[] {
  return [[NOT_DURABLE, 0], ...(limit?.over === 'reject' ? [[RATE_LIMITED, 0] as const] : [])];
}

/** Under the places that the secrets have in the file now. */
function registerSecretUses(
  metrics: MetricFactory,
  tally: SecretTally,
  { configured, secretsOf }: Shown,
): void {
  metrics.read('ingressSecretLastUsed', () =>
    configured().flatMap(({ name: source, secrets }) =>
      secretsOf(secrets).map(
        (secret, place) =>
          [{ source, secret: String(place) }, tally.lastUse(source, secret) / 1_000] as const,
      ),
    ),
  );
}

function registerSourceTimes(registry: Registry, sources: Sources): void {
  registerTimes(registry, metricTable.ingressPhaseSeconds, () =>
    [...sources].flatMap(([source, { phases }]) =>
      PHASES.map((phase, row) => ({ labels: { source, phase }, times: phases, row })),
    ),
  );
  registerTimes(registry, metricTable.ingressAckSeconds, () =>
    [...sources].map(([source, { acks }]) => ({ labels: { source }, times: acks, row: ONLY })),
  );
}
