import type { MetricRow } from './metric-row.ts';

const PROCESSOR = ['processor'] as const;
/** From a local receiver's milliseconds to the longest time-out. */
const ATTEMPT_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120];
/** From what starts with its own storing to a destination that has been busy for a minute. */
const WAIT_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export const processorRows = {
  processorEvents: {
    name: 'ackline_processor_events_total',
    type: 'counter',
    help: 'Events taken out of the logs: stored, duplicate, unrouted (stored, source not known yet) or quarantined',
    labels: ['result'],
    services: PROCESSOR,
  },
  lagRecords: {
    name: 'ackline_processor_lag_records',
    type: 'gauge',
    help: 'Kafka records of this processor’s lanes that are not stored yet, as of the last fetch of each lane',
    labels: [],
    services: PROCESSOR,
    needs: 'Kafka',
  },
  lagSeconds: {
    name: 'ackline_processor_lag_seconds',
    type: 'gauge',
    help: 'Since the first Kafka record that is not stored yet was appended; 0 where none is known',
    labels: [],
    merged: 'max',
    services: PROCESSOR,
    needs: 'Kafka',
  },
  inboxRows: {
    name: 'ackline_inbox_rows',
    type: 'gauge',
    help: 'Events in the inbox (the same in every processor); one look takes 2,000, so that this means at least so many',
    labels: [],
    merged: 'max',
    services: PROCESSOR,
  },
  inboxOldestAge: {
    name: 'ackline_inbox_oldest_age_seconds',
    type: 'gauge',
    help: 'Since the oldest event in the inbox was appended; 0 where there is none, and growing while PostgreSQL is away',
    labels: [],
    merged: 'max',
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
    help: 'Attempts by destination and outcome; those that park are 0 from the start for each configured destination',
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
  eventsForgotten: {
    name: 'ackline_events_forgotten_total',
    type: 'counter',
    help: 'Events of routes with history: failures once they are delivered: forgotten, failed (tried again) or left (to go with their day)',
    labels: ['result'],
    services: PROCESSOR,
  },
  retentionTries: {
    name: 'ackline_retention_tries_in_vain',
    type: 'gauge',
    help: 'Tries in a row to drop a day that is over, in vain: somebody reads for long, or it fails',
    labels: [],
    merged: 'max',
    services: PROCESSOR,
  },
  transformStartFailures: {
    name: 'ackline_transform_start_failures_total',
    type: 'counter',
    help: 'Processes for transforms that did not start; without one, deliveries of routes with a transform are held',
    labels: [],
    services: PROCESSOR,
  },
} as const satisfies Record<string, MetricRow>;
