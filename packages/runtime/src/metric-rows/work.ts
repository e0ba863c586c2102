import type { MetricRow } from './metric-row.ts';

/** What PostgreSQL holds: each processor shows the same, so a dashboard takes the greatest and not the sum. */
const PROCESSOR = ['processor'] as const;

export const workRows = {
  deliveriesOpen: {
    name: 'ackline_deliveries_open',
    type: 'gauge',
    help: 'Deliveries that are not finished, by destination and state (due, waiting for an earlier one of their key, leased, due as a replay); 100,000 are counted over all, and each destination has its share of them',
    labels: ['destination', 'state'],
    merged: 'max',
    services: PROCESSOR,
  },
  deliveriesOldestAge: {
    name: 'ackline_deliveries_oldest_age_seconds',
    type: 'gauge',
    help: 'Since the oldest unfinished delivery of a destination was stored, without parked ones and replays; 0 where there is none',
    labels: ['destination'],
    merged: 'max',
    services: PROCESSOR,
  },
  deliveriesHeld: {
    name: 'ackline_deliveries_held',
    type: 'gauge',
    help: 'Due deliveries of destinations that are paused, whose breaker is open, whose handler is not loaded, or that are configured no longer',
    labels: ['destination'],
    merged: 'max',
    services: PROCESSOR,
  },
  deliveriesParked: {
    name: 'ackline_deliveries_parked',
    type: 'gauge',
    help: 'Deliveries that wait for a person, by cause: the 20 most frequent, and `other` for the rest (from the start)',
    labels: ['cause'],
    merged: 'max',
    services: PROCESSOR,
  },
  eventsUnrouted: {
    name: 'ackline_events_unrouted',
    type: 'gauge',
    help: 'Stored events whose source no processor knows yet',
    labels: [],
    merged: 'max',
    services: PROCESSOR,
  },
  eventsUnroutedOldestAge: {
    name: 'ackline_events_unrouted_oldest_age_seconds',
    type: 'gauge',
    help: 'Since the oldest of them was stored; 0 where there is none',
    labels: [],
    merged: 'max',
    services: PROCESSOR,
  },
  recordsQuarantined: {
    name: 'ackline_quarantined_records',
    type: 'gauge',
    help: 'Records of the logs that can not be stored as events and are kept',
    labels: [],
    merged: 'max',
    services: PROCESSOR,
  },
  workFiguresAge: {
    name: 'ackline_work_figures_age_seconds',
    type: 'gauge',
    help: 'Since open, held, parked, unrouted and quarantined were read from PostgreSQL (every 15 s); grows while it is away',
    labels: [],
    merged: 'max',
    services: PROCESSOR,
  },
  replayItems: {
    name: 'ackline_replay_items',
    type: 'gauge',
    help: 'Deliveries of the replays that are not finished: by the state of their replays, and what became of them',
    labels: ['state', 'result'],
    merged: 'max',
    services: PROCESSOR,
    needs: 'a replay',
  },
  replayProgress: {
    name: 'ackline_replay_progress_ratio',
    type: 'gauge',
    help: 'Of what the replays that go on (trickle, running) have counted: the part that is released or skipped, from 0 to 1; absent without one',
    labels: ['state'],
    merged: 'max',
    services: PROCESSOR,
    needs: 'a replay',
  },
} as const satisfies Record<string, MetricRow>;
