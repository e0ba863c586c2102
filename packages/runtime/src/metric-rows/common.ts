import type { MetricRow } from './metric-row.ts';

/** Of more than one service. */
const BOTH = ['ingress', 'processor'] as const;
const ALL = [...BOTH, 'console'] as const;
/** From a connection that comes free at once to the limit of waiting for one. */
const POOL_WAIT_BUCKETS_S = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export const commonRows = {
  breakerState: {
    name: 'ackline_breaker_open',
    type: 'gauge',
    help: 'A circuit breaker, of a tier or (over all processors) of a destination: 0 closed, 0.5 half open (being probed, or to be by the next event or delivery), 1 open',
    labels: ['breaker'],
    merged: 'max',
    services: BOTH,
  },
  breakerOpenings: {
    name: 'ackline_breaker_openings_total',
    type: 'counter',
    help: 'How often a closed circuit breaker has opened, 0 from the start; that of a destination is counted by the processor that opened it',
    labels: ['breaker'],
    services: BOTH,
  },
  poolConnections: {
    name: 'ackline_postgres_pool_connections',
    type: 'gauge',
    help: 'Connections to PostgreSQL of each pool, by state: used or idle',
    labels: ['pool', 'state'],
    services: ALL,
  },
  poolMax: {
    name: 'ackline_postgres_pool_max_connections',
    type: 'gauge',
    help: 'Connections that a pool may have',
    labels: ['pool'],
    services: ALL,
  },
  poolWaiting: {
    name: 'ackline_postgres_pool_waiting',
    type: 'gauge',
    help: 'Callers that wait for a connection of a pool now',
    labels: ['pool'],
    services: ALL,
  },
  poolWaitSeconds: {
    name: 'ackline_postgres_pool_wait_seconds',
    type: 'histogram',
    help: 'How long those waited that found no idle connection in a pool, a new one included',
    labels: ['pool'],
    buckets: POOL_WAIT_BUCKETS_S,
    services: ALL,
  },
  poolFailures: {
    name: 'ackline_postgres_pool_failures_total',
    type: 'counter',
    help: 'Callers that got no connection: none was free in time, or the server gave none',
    labels: ['pool'],
    services: ALL,
  },
  configReloads: {
    name: 'ackline_config_reloads_total',
    type: 'counter',
    help: 'Readings of ackline.yaml after the first, by result: reloaded or refused (tried again every 30 s)',
    labels: ['result'],
    services: ALL,
  },
  configRefused: {
    name: 'ackline_config_refused',
    type: 'gauge',
    help: '1 while ackline.yaml is one that was refused, and an older one is in force',
    labels: [],
    merged: 'max',
    services: ALL,
  },
  configLoadedAt: {
    name: 'ackline_config_loaded_timestamp_seconds',
    type: 'gauge',
    help: 'When the configuration in force was read, in seconds since 1970',
    labels: [],
    merged: 'min',
    services: ALL,
  },
  traceSpansDropped: {
    name: 'ackline_trace_spans_dropped_total',
    type: 'counter',
    help: 'Spans that the collector did not take in time',
    labels: [],
    services: BOTH,
    needs: 'a collector',
  },
} as const satisfies Record<string, MetricRow>;
