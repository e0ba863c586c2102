import { labelNames, metricNames } from '@ackline/runtime/telemetry-names';
import { Counter, Gauge, type Registry } from 'prom-client';
import { registerPhaseHistograms, SourcePhases } from './phase-histogram.ts';

/** Of the source label, for requests that match none: a path is the caller's text, and no label. */
export const NO_SOURCE = 'none';

const RESULTS = ['accepted', 'duplicate', 'rejected', 'lost', 'abandoned', 'failed'] as const;
export type RequestResult = (typeof RESULTS)[number];

/** What the ingress reads of the event log when it is scraped. */
export interface LogFigures {
  readonly pending: number;
  /** Of the tiers that have one. */
  readonly breakers: readonly { readonly name: string; readonly isOpen: boolean }[];
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
  const registers = [registry];
  /** As many as there are sources, and one. */
  const sources = new Map<string, SourceFigures>();
  const tiers = new Map<string, number>();
  let inFlightCount = 0;

  registerRequests(registry, sources);
  registerPhaseHistograms(registry, () => [...sources].map(([source, { phases }]) => ({ source, phases })));
  registerLogFigures(registry, readLog);
  const rejects = new Counter({
    name: metricNames.ingressRejects,
    help: 'Requests that were not accepted, by source and reason',
    labelNames: [labelNames.source, labelNames.reason],
    registers,
  });
  const inFlight: Gauge = new Gauge({
    name: metricNames.ingressInFlight,
    help: 'Requests being served',
    registers,
    collect: () => inFlight.set(inFlightCount),
  });
  const disconnects = new Counter({
    name: metricNames.ingressClientDisconnects,
    help: 'Clients that went before their answer',
    registers,
  });
  const appends: Counter = new Counter({
    name: metricNames.eventlogAppends,
    help: 'Events made durable, by the tier that holds them',
    labelNames: [labelNames.tier],
    registers,
    collect() {
      appends.reset();
      for (const [tier, count] of tiers) appends.inc({ [labelNames.tier]: tier }, count);
    },
  });

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
      figures.phases.addRequest(timesMs, result !== 'abandoned');
    },
    rejected: (source, reason) => rejects.inc({ [labelNames.source]: source, [labelNames.reason]: reason }),
    disconnected: () => disconnects.inc(),
    appended: tier => void tiers.set(tier, (tiers.get(tier) ?? 0) + 1),
  };
}

function registerRequests(registry: Registry, sources: ReadonlyMap<string, SourceFigures>): void {
  const requests: Counter = new Counter({
    name: metricNames.ingressRequests,
    help: 'Webhook requests by source and result',
    labelNames: [labelNames.source, labelNames.result],
    registers: [registry],
    collect() {
      requests.reset();
      for (const [source, { results }] of sources) {
        for (const result of RESULTS) {
          if (results[result] > 0) {
            requests.inc({ [labelNames.source]: source, [labelNames.result]: result }, results[result]);
          }
        }
      }
    },
  });
  const lost: Counter = new Counter({
    name: metricNames.ingressEventsLost,
    help: 'Events answered 200 by onUndurable that no log could take',
    labelNames: [labelNames.source],
    registers: [registry],
    collect() {
      lost.reset();
      for (const [source, { results }] of sources) {
        if (results.lost > 0) lost.inc({ [labelNames.source]: source }, results.lost);
      }
    },
  });
}

function registerLogFigures(registry: Registry, readLog: () => LogFigures): void {
  const pending: Gauge = new Gauge({
    name: metricNames.eventlogPending,
    help: 'Events in the buffer of the event log',
    registers: [registry],
    collect: () => pending.set(readLog().pending),
  });
  const breaker: Gauge = new Gauge({
    name: metricNames.breakerState,
    help: '1 while the circuit breaker is open or half open',
    labelNames: [labelNames.breaker],
    registers: [registry],
    collect() {
      for (const { name, isOpen } of readLog().breakers) {
        breaker.set({ [labelNames.breaker]: name }, isOpen ? 1 : 0);
      }
    },
  });
}
