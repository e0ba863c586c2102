import type { MetricRow } from './metric-row.ts';

/** Of more than one service. */
const BOTH = ['ingress', 'processor'] as const;

export const commonRows = {
  breakerState: {
    name: 'ackline_breaker_open',
    type: 'gauge',
    help: 'A circuit breaker, of a tier or (over all processors) of a destination: 0 closed, 0.5 half open, 1 open',
    labels: ['breaker'],
    merged: 'max',
    services: BOTH,
  },
  breakerOpenings: {
    name: 'ackline_breaker_openings_total',
    type: 'counter',
    help: 'How often a closed circuit breaker has opened; that of a destination is counted by the processor that opened it',
    labels: ['breaker'],
    services: BOTH,
  },
} as const satisfies Record<string, MetricRow>;
