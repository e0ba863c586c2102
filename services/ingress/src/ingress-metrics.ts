import { createMetricFactory, type MetricFactory } from '@ackline/runtime/metric-factory';
import type { BreakerStatus } from '@ackline/shared/breaker/circuit-breaker';
import type { Registry } from 'prom-client';
import { PHASES } from './http/phase-clock.ts';
import { registerPhaseHistogram, SourcePhases } from './phase-histogram.ts';

/** Of the source label, for requests that match none: a path is the caller's text, and no label. */
export const NO_SOURCE = 'none';

const RESULTS = ['accepted', 'duplicate', 'rejected', 'lost', 'abandoned', 'failed'] as const;
export type RequestResult = (typeof RESULTS)[number];

/** What the ingress reads of the event log when it is scraped. */
export interface LogFigures {
  readonly pending: number;
  /** Of the tiers that have one. */
  readonly breakers: readonly { readonly name: string; readonly status: BreakerStatus }[];
}

export interface IngressMetrics {
  started(): void;
  /** `timesMs` by the place of the phase; negative: it did not end. */
  finished(source: string, result: RequestResult, timesMs: readonly number[]): void;
  rejected(source: string, reason: string): void;
  disconnected(): void;
  appended(tier: string): void;
}

/** What is counted of one source: plain numbers, which a scrape turns into metrics, so that a request costs a few additions. */
interface SourceFigures {
  readonly results: Record<RequestResult, number>;
  readonly phases: SourcePhases;
}

export function createIngressMetrics(registry: Registry, readLog: () => LogFigures): IngressMetrics {
  const metrics = createMetricFactory(registry);
  /** As many as there are sources, and one. */
  const sources = new Map<string, SourceFigures>();
  const tiers = new Map<string, number>();
  let inFlightCount = 0;

  registerRequests(metrics, sources);
  registerPhaseHistogram(registry, () => [...sources].map(([source, { phases }]) => ({ source, phases })));
  registerLogFigures(metrics, readLog);
  const rejects = metrics.counter('ingressRejects');
  const disconnects = metrics.counter('ingressClientDisconnects');
  metrics.read('ingressInFlight', () => inFlightCount);
  metrics.read('eventlogAppends', () => [...tiers].map(([tier, count]) => [{ tier }, count]));

  function figuresOf(source: string): SourceFigures {
    const known = sources.get(source);
    if (known !== undefined) return known;
    const results = { accepted: 0, duplicate: 0, rejected: 0, lost: 0, abandoned: 0, failed: 0 };
    const figures = { results, phases: new SourcePhases() };
    sources.set(source, figures);
    return figures;
  }

  return {
    started() {
      inFlightCount += 1;
    },
    finished(source, result, timesMs) {
      inFlightCount -= 1;
      const figures = figuresOf(source);
      figures.results[result] += 1;
      for (let phase = 0; phase < PHASES.length; phase += 1) figures.phases.add(phase, timesMs[phase] ?? -1);
    },
    rejected: (source, reason) => rejects.inc({ source, reason }),
    disconnected: () => disconnects.inc(),
    appended: tier => void tiers.set(tier, (tiers.get(tier) ?? 0) + 1),
  };
}

function registerRequests(metrics: MetricFactory, sources: ReadonlyMap<string, SourceFigures>): void {
  metrics.read('ingressRequests', () =>
    [...sources].flatMap(([source, { results }]) =>
      RESULTS.filter(result => results[result] > 0).map(
        result => [{ source, result }, results[result]] as const,
      ),
    ),
  );
  metrics.read('ingressEventsLost', () =>
    [...sources]
      .filter(([, { results }]) => results.lost > 0)
      .map(([source, { results }]) => [{ source }, results.lost]),
  );
}

const OPENNESS: Readonly<Record<BreakerStatus, number>> = { CLOSED: 0, HALF_OPEN: 0.5, OPEN: 1 };

function registerLogFigures(metrics: MetricFactory, readLog: () => LogFigures): void {
  metrics.read('eventlogPending', () => readLog().pending);
  metrics.read('breakerState', () =>
    readLog().breakers.map(({ name, status }) => [{ breaker: name }, OPENNESS[status]]),
  );
}
