import { labelNames, metricNames } from '@ackline/runtime/telemetry-names';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Of the source label, for requests that match none: a path is the caller's text, and no label. */
export const NO_SOURCE = 'none';

export type RequestResult = 'accepted' | 'rejected' | 'lost' | 'abandoned' | 'failed';
export type Phase = 'read' | 'verify' | 'append';

/** From what an HMAC takes to the deadlines of the logs. */
const PHASE_BUCKETS_S = [
  0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
];

/** What the ingress reads of the event log when it is scraped. */
export interface LogFigures {
  readonly pending: number;
  /** null: there is no breaker, for there is no Kafka. */
  readonly breakerOpen: boolean | null;
}

export interface IngressMetrics {
  started(): void;
  finished(source: string, result: RequestResult): void;
  rejected(source: string, reason: string): void;
  phase(phase: Phase, ms: number): void;
  disconnected(): void;
  appended(tier: string): void;
}

export function createIngressMetrics(registry: Registry, readLog: () => LogFigures): IngressMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: metricNames.ingressRequests,
    help: 'Webhook requests by source and result',
    labelNames: [labelNames.source, labelNames.result],
    registers,
  });
  const rejects = new Counter({
    name: metricNames.ingressRejects,
    help: 'Requests that were not accepted, by source and reason',
    labelNames: [labelNames.source, labelNames.reason],
    registers,
  });
  const phases = new Histogram({
    name: metricNames.ingressPhaseSeconds,
    help: 'Time that a phase of a request took',
    labelNames: [labelNames.phase],
    buckets: PHASE_BUCKETS_S,
    registers,
  });
  const inFlight = new Gauge({ name: metricNames.ingressInFlight, help: 'Requests being served', registers });
  const disconnects = new Counter({
    name: metricNames.ingressClientDisconnects,
    help: 'Clients that went before their answer',
    registers,
  });
  const lost = new Counter({
    name: metricNames.ingressEventsLost,
    help: 'Events answered 200 by onUndurable that no log could take',
    labelNames: [labelNames.source],
    registers,
  });
  const appends = new Counter({
    name: metricNames.eventlogAppends,
    help: 'Events made durable, by the tier that holds them',
    labelNames: [labelNames.tier],
    registers,
  });
  registerLogFigures(registry, readLog);

  return {
    started: () => inFlight.inc(),
    finished(source, result) {
      inFlight.dec();
      requests.inc({ [labelNames.source]: source, [labelNames.result]: result });
      if (result === 'lost') lost.inc({ [labelNames.source]: source });
    },
    rejected: (source, reason) => rejects.inc({ [labelNames.source]: source, [labelNames.reason]: reason }),
    phase: (phase, ms) => phases.observe({ [labelNames.phase]: phase }, ms / 1_000),
    disconnected: () => disconnects.inc(),
    appended: tier => appends.inc({ [labelNames.tier]: tier }),
  };
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
      const { breakerOpen } = readLog();
      if (breakerOpen !== null) breaker.set({ [labelNames.breaker]: 'kafka' }, breakerOpen ? 1 : 0);
    },
  });
}
