import type { MetricRow } from './metric-row.ts';

const INGRESS = ['ingress'] as const;
/** From what an HMAC takes to the deadlines of the logs. */
const PHASE_BUCKETS_S = [
  0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
];
/** As the phases, coarser; alerts ask about 0.25, 1 and 3 s. */
const ACK_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10];

export const ingressRows = {
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
    help: 'Requests that were not accepted, by source and reason; `not_durable` is 0 from the start for each configured source',
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
  ingressAckSeconds: {
    name: 'ackline_ingress_ack_seconds',
    type: 'histogram',
    help: 'From the head of a proven request to its answer, a 2xx or a 503 of the log, by source, without the time that its body took to come',
    labels: ['source'],
    buckets: ACK_BUCKETS_S,
    services: INGRESS,
  },
  ingressUnackedRun: {
    name: 'ackline_ingress_unacked_requests',
    type: 'gauge',
    help: 'Requests of each configured source since the last one that was answered with a 2xx; of the process that has most',
    labels: ['source'],
    merged: 'max',
    services: INGRESS,
  },
  ingressSignatureFailures: {
    name: 'ackline_ingress_signature_failures_total',
    type: 'counter',
    help: 'Requests whose sender was not proven, by source and reason; they are among the rejects too',
    labels: ['source', 'reason'],
    services: INGRESS,
  },
  ingressSlowSignatures: {
    name: 'ackline_ingress_slow_signatures_total',
    type: 'counter',
    help: 'Requests whose sender took longer to prove than SIGNATURE_VALIDATION_TIMEOUT; 0 from the start for each configured source',
    labels: ['source'],
    services: INGRESS,
  },
  ingressSecretLastUsed: {
    name: 'ackline_ingress_secret_last_used_timestamp_seconds',
    type: 'gauge',
    help: 'When a secret of a source, shown by its place in the file now, last proved a request, in seconds since 1970; 0: not since the start. A reload that gives it another place leaves it its time',
    labels: ['source', 'secret'],
    merged: 'max',
    services: INGRESS,
  },
  ingressSecretChanged: {
    name: 'ackline_ingress_secret_changed_timestamp_seconds',
    type: 'gauge',
    help: 'When the file of a secret was last changed, in seconds since 1970; a secret of the environment has no sample',
    labels: ['source', 'secret'],
    merged: 'max',
    services: INGRESS,
    needs: 'a secret in a file',
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
    help: 'Events answered 200 by onUndurable that no log could take; 0 from the start for each configured source',
    labels: ['source'],
    services: INGRESS,
  },
  seenHits: {
    name: 'ackline_seen_hits_total',
    type: 'counter',
    help: 'Repeats that were answered without an append, by where they were known: memory, or redis where there is one',
    labels: ['tier'],
    services: INGRESS,
  },
  seenMisses: {
    name: 'ackline_seen_misses_total',
    type: 'counter',
    help: 'Requests that were not known as repeats',
    labels: [],
    services: INGRESS,
  },
  seenEntries: {
    name: 'ackline_seen_entries',
    type: 'gauge',
    help: 'Accepted requests that are remembered in memory',
    labels: [],
    services: INGRESS,
  },
  limitHits: {
    name: 'ackline_ingress_limit_hits_total',
    type: 'counter',
    help: 'Requests over a limit, by what became of them: rejected (429) or deferred (accepted, and sent later)',
    labels: ['verdict'],
    services: INGRESS,
  },
  redisConnected: {
    name: 'ackline_redis_connected',
    type: 'gauge',
    help: '1 while the connection to Redis stands',
    labels: [],
    merged: 'min',
    services: INGRESS,
    needs: 'Redis',
  },
  redisUnansweredCalls: {
    name: 'ackline_redis_unanswered_calls_total',
    type: 'counter',
    help: 'Calls that Redis gave no answer to in time, by reason: timeout, error, skipped (its breaker was open, or too many were under way)',
    labels: ['reason'],
    services: INGRESS,
    needs: 'Redis',
  },
} as const satisfies Record<string, MetricRow>;
