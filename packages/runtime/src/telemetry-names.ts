/**
 * Every metric name and label, in one place: a name is declared here before it is used, so that dashboards and alerts can be
 * checked against it. Labels have few values by construction (source names, tiers, reasons of a union), never ids or paths.
 */
export const metricNames = {
  ingressRequests: 'ackline_ingress_requests_total',
  ingressRejects: 'ackline_ingress_rejects_total',
  ingressPhaseSeconds: 'ackline_ingress_phase_seconds',
  ingressAckSeconds: 'ackline_ingress_ack_seconds',
  ingressInFlight: 'ackline_ingress_requests_in_flight',
  ingressClientDisconnects: 'ackline_ingress_client_disconnects_total',
  ingressProcesses: 'ackline_ingress_processes',
  ingressEventsLost: 'ackline_ingress_events_lost_total',
  eventlogAppends: 'ackline_eventlog_appends_total',
  eventlogPending: 'ackline_eventlog_pending_events',
  breakerState: 'ackline_breaker_open',
  processorEvents: 'ackline_processor_events_total',
  processorPendingRecords: 'ackline_processor_pending_records',
  processorPendingBytes: 'ackline_processor_pending_bytes',
  orderUncertain: 'ackline_order_uncertain_total',
  deliveryAttempts: 'ackline_delivery_attempts_total',
  deliveryAttemptSeconds: 'ackline_delivery_attempt_seconds',
  deliveryWaitSeconds: 'ackline_delivery_wait_seconds',
  deliveriesInFlight: 'ackline_deliveries_in_flight',
  deliveriesInFlightBytes: 'ackline_deliveries_in_flight_bytes',
  retentionTries: 'ackline_retention_tries_in_vain',
  eventsForgotten: 'ackline_events_forgotten_total',
  deliveriesInterrupted: 'ackline_deliveries_interrupted_total',
  replayItems: 'ackline_replay_items',
  replayProgress: 'ackline_replay_progress_ratio',
  transformStartFailures: 'ackline_transform_start_failures_total',
  traceSpansDropped: 'ackline_trace_spans_dropped_total',
} as const;

export const labelNames = {
  service: 'service',
  source: 'source',
  destination: 'destination',
  result: 'result',
  reason: 'reason',
  phase: 'phase',
  tier: 'tier',
  outcome: 'outcome',
  lane: 'lane',
  breaker: 'breaker',
  state: 'state',
} as const;
