/**
 * Every metric, in one table: services build theirs from it (metric-factory.ts), docs/metrics.md is generated from it, and
 * dashboards and alerts can be checked against it. Labels have few values by construction (configured names, tiers, reasons
 * of a union), never ids, paths or anything else that a request brings.
 */
export interface MetricRow {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** As the label `service` names them. */
  readonly services: readonly MetricService[];
  /** Upper bounds of a histogram. */
  readonly buckets?: readonly number[];
  /** What the values of several processes under one parent come to; the sum where it is not said. */
  readonly merged?: 'max';
  /** What has to be there for it to have a sample. */
  readonly needs?: 'Kafka' | 'Redis' | 'a spool';
}

export type MetricService = 'ingress' | 'ingress-parent' | 'processor';

/** On every metric. */
export const SERVICE_LABEL = 'service';

/** From what an HMAC takes to the deadlines of the logs. */
const PHASE_BUCKETS_S = [
  0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
];
/** From a local receiver's milliseconds to the longest time-out. */
const ATTEMPT_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120];
/** From what starts with its own storing to a destination that has been busy for a minute. */
const WAIT_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

const INGRESS = ['ingress'] as const;
const PROCESSOR = ['processor'] as const;
const BOTH = ['ingress', 'processor'] as const;

export const metricTable = {
  ingressRequests: {
    name: 'ackline_ingress_requests_total',
    type: 'counter',
    help: 'Webhook requests by source and result',
    labels: ['source', 'result'],
    services: INGRESS,
  },
  ingressRejects: {
    name: 'ackline_ingress_rejects_total',
    type: 'counter',
    help: 'Requests that were not accepted, by source and reason',
    labels: ['source', 'reason'],
    services: INGRESS,
  },
  ingressPhaseSeconds: {
    name: 'ackline_ingress_phase_seconds',
    type: 'histogram',
    help: 'Time that a phase of a request took, by source and phase',
    labels: ['source', 'phase'],
    buckets: PHASE_BUCKETS_S,
    services: INGRESS,
  },
  ingressInFlight: {
    name: 'ackline_ingress_requests_in_flight',
    type: 'gauge',
    help: 'Requests being served',
    labels: [],
    services: INGRESS,
  },
  ingressClientDisconnects: {
    name: 'ackline_ingress_client_disconnects_total',
    type: 'counter',
    help: 'Clients that went before their answer',
    labels: [],
    services: INGRESS,
  },
  ingressProcesses: {
    name: 'ackline_ingress_processes',
    type: 'gauge',
    help: 'Ingress processes that run under this parent',
    labels: [],
    services: ['ingress-parent'],
  },
  ingressEventsLost: {
    name: 'ackline_ingress_events_lost_total',
    type: 'counter',
    help: 'Events answered 200 by onUndurable that no log could take',
    labels: ['source'],
    services: INGRESS,
  },
  eventlogAppends: {
    name: 'ackline_eventlog_appends_total',
    type: 'counter',
    help: 'Events made durable, by the tier that holds them',
    labels: ['tier'],
    services: INGRESS,
  },
  eventlogPending: {
    name: 'ackline_eventlog_pending_events',
    type: 'gauge',
    help: 'Events in the buffer of the event log',
    labels: [],
    services: INGRESS,
  },
  breakerState: {
    name: 'ackline_breaker_open',
    type: 'gauge',
    help: 'A circuit breaker, of a tier or (over all processors) of a destination: 0 closed, 0.5 half open, 1 open',
    labels: ['breaker'],
    merged: 'max',
    services: BOTH,
  },
  processorEvents: {
    name: 'ackline_processor_events_total',
    type: 'counter',
    help: 'Events taken out of the logs: stored, duplicate, unrouted (stored, source not known yet) or quarantined',
    labels: ['result'],
    services: PROCESSOR,
  },
  processorPendingRecords: {
    name: 'ackline_processor_pending_records',
    type: 'gauge',
    help: 'Kafka records that were read and are not committed',
    labels: [],
    services: PROCESSOR,
  },
  processorPendingBytes: {
    name: 'ackline_processor_pending_bytes',
    type: 'gauge',
    help: 'Bytes of the Kafka records that were read and are not committed',
    labels: [],
    services: PROCESSOR,
  },
  orderUncertain: {
    name: 'ackline_order_uncertain_total',
    type: 'counter',
    help: 'Inbox events stored without knowing that what came before them was',
    labels: [],
    services: PROCESSOR,
  },
  deliveryAttempts: {
    name: 'ackline_delivery_attempts_total',
    type: 'counter',
    help: 'Attempts by destination and outcome',
    labels: ['destination', 'outcome'],
    services: PROCESSOR,
  },
  deliveryAttemptSeconds: {
    name: 'ackline_delivery_attempt_seconds',
    type: 'histogram',
    help: 'Time of an attempt, from sending to the end of the answer',
    labels: ['destination'],
    buckets: ATTEMPT_BUCKETS_S,
    services: PROCESSOR,
  },
  deliveryWaitSeconds: {
    name: 'ackline_delivery_wait_seconds',
    type: 'histogram',
    help: 'From when a delivery is due to the start of its attempt: live work (0 where it starts as it is stored) and replays',
    labels: ['destination', 'lane'],
    buckets: WAIT_BUCKETS_S,
    services: PROCESSOR,
  },
  deliveriesInFlight: {
    name: 'ackline_deliveries_in_flight',
    type: 'gauge',
    help: 'Attempts under way',
    labels: [],
    services: PROCESSOR,
  },
  deliveriesInFlightBytes: {
    name: 'ackline_deliveries_in_flight_bytes',
    type: 'gauge',
    help: 'Bytes of the bodies of attempts under way, and those that claims under way may bring',
    labels: [],
    services: PROCESSOR,
  },
  deliveriesInterrupted: {
    name: 'ackline_deliveries_interrupted_total',
    type: 'counter',
    help: 'Leases that ended without a recorded outcome',
    labels: [],
    services: PROCESSOR,
  },
} as const satisfies Record<string, MetricRow>;

type MetricTable = typeof metricTable;
export type MetricKey = keyof MetricTable;
/** Those of one type. */
export type KeyOf<Type extends MetricRow['type']> = {
  [K in MetricKey]: MetricTable[K]['type'] extends Type ? K : never;
}[MetricKey];
export type LabelOf<K extends MetricKey> = MetricTable[K]['labels'][number];
