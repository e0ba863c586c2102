import { createMetrics } from '@ackline/runtime/metrics';
import { labelNames, metricNames } from '@ackline/runtime/telemetry-names';
import type { DestinationStatus } from '@ackline/store/destination-states';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { AttemptListener } from './delivery/attempt-runner.ts';
import type { EventForgetterListener } from './delivery/event-forgetter.ts';
import { createReplayMetrics, type ReplayMetrics } from './replaying/replay-metrics.ts';
import type { StoredBatch } from './storing/store-events.ts';

/** From a local receiver's milliseconds to the longest time-out. */
const ATTEMPT_BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120];

/** From what starts with its own storing to a destination that has been busy for a minute. */
const WAIT_BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export interface ProcessorMetrics extends AttemptListener, EventForgetterListener, ReplayMetrics {
  readonly registry: Registry;
  stored(batch: StoredBatch): void;
  quarantined(): void;
  interrupted(count: number): void;
  /** A process that evaluates expressions did not come up. */
  transformStartFailed(): void;
  /** Reads these whenever the metrics are asked for. Once. */
  watch(sources: MetricsSources): void;
}

export interface MetricsSources {
  /** Of the destinations that are configured, by name. */
  breakers(): Iterable<readonly [destination: string, status: DestinationStatus]>;
  inFlight(): number;
  inFlightBytes(): number;
  orderUncertain(): number;
  /** To drop a day that is over, in a row. */
  retentionTries(): number;
  /** Of Kafka: read and not committed. */
  pending(): { readonly records: number; readonly bytes: number };
}

export function createProcessorMetrics(): ProcessorMetrics {
  const registry = createMetrics({ service: 'processor' });
  const registers = [registry];
  const events = new Counter({
    name: metricNames.processorEvents,
    help: 'Events taken out of the logs: stored, duplicate, unrouted (stored, source not known yet) or quarantined',
    labelNames: [labelNames.result],
    registers,
  });
  const interrupted = new Counter({
    name: metricNames.deliveriesInterrupted,
    help: 'Leases that ended without a recorded outcome',
    registers,
  });
  const forgotten = new Counter({
    name: metricNames.eventsForgotten,
    help: 'Events of routes with history: failures once they are delivered: forgotten, failed (tried again) or left (to go with their day)',
    labelNames: [labelNames.result],
    registers,
  });
  const transformStarts = new Counter({
    name: metricNames.transformStartFailures,
    help: 'Processes for transforms that did not start; without one, deliveries of routes with a transform are held',
    registers,
  });
  return {
    registry,
    forgot: (result, count) => forgotten.inc({ [labelNames.result]: result }, count),
    stored(batch) {
      events.inc({ [labelNames.result]: 'stored' }, batch.stored);
      events.inc({ [labelNames.result]: 'duplicate' }, batch.duplicates);
      events.inc({ [labelNames.result]: 'unrouted' }, batch.unrouted);
    },
    quarantined: () => events.inc({ [labelNames.result]: 'quarantined' }),
    ...attemptMetrics(registers),
    ...createReplayMetrics(registers),
    interrupted: count => interrupted.inc(count),
    transformStartFailed: () => transformStarts.inc(),
    watch(sources) {
      watchSources(registers, sources);
      watchRetention(registers, sources);
    },
  };
}

function attemptMetrics(registers: Registry[]): AttemptListener {
  const attempts = new Counter({
    name: metricNames.deliveryAttempts,
    help: 'Attempts by destination and outcome',
    labelNames: [labelNames.destination, labelNames.outcome],
    registers,
  });
  const attemptSeconds = new Histogram({
    name: metricNames.deliveryAttemptSeconds,
    help: 'Time of an attempt, from sending to the end of the answer',
    labelNames: [labelNames.destination],
    buckets: ATTEMPT_BUCKETS_SECONDS,
    registers,
  });
  const waitSeconds = new Histogram({
    name: metricNames.deliveryWaitSeconds,
    help: 'From when a delivery is due to the start of its attempt: live work (0 where it starts as it is stored) and replays',
    labelNames: [labelNames.destination, labelNames.lane],
    buckets: WAIT_BUCKETS_SECONDS,
    registers,
  });
  return {
    started(destination, { replay, waitedMs }) {
      const lane = replay ? 'replay' : 'live';
      waitSeconds.observe(
        { [labelNames.destination]: destination, [labelNames.lane]: lane },
        waitedMs / 1000,
      );
    },
    attempted(destination, attempt) {
      attempts.inc({ [labelNames.destination]: destination, [labelNames.outcome]: attempt.outcome.kind });
      attemptSeconds.observe({ [labelNames.destination]: destination }, attempt.ms / 1000);
    },
  };
}

const OPENNESS: Readonly<Record<DestinationStatus, number>> = { CLOSED: 0, HALF_OPEN: 0.5, OPEN: 1 };

function watchSources(registers: Registry[], sources: MetricsSources): void {
  new Gauge({
    name: metricNames.breakerState,
    help: 'The circuit breaker of a destination, over all processors: 0 closed, 0.5 half open, 1 open',
    labelNames: [labelNames.breaker],
    registers,
    collect() {
      this.reset();
      for (const [destination, status] of sources.breakers()) {
        this.set({ [labelNames.breaker]: destination }, OPENNESS[status]);
      }
    },
  });
  new Gauge({
    name: metricNames.deliveriesInFlight,
    help: 'Attempts under way',
    registers,
    collect() {
      this.set(sources.inFlight());
    },
  });
  new Gauge({
    name: metricNames.deliveriesInFlightBytes,
    help: 'Bytes of the bodies of attempts under way, and those that claims under way may bring',
    registers,
    collect() {
      this.set(sources.inFlightBytes());
    },
  });
  new Gauge({
    name: metricNames.processorPendingRecords,
    help: 'Kafka records that were read and are not committed',
    registers,
    collect() {
      this.set(sources.pending().records);
    },
  });
  new Gauge({
    name: metricNames.processorPendingBytes,
    help: 'Bytes of the Kafka records that were read and are not committed',
    registers,
    collect() {
      this.set(sources.pending().bytes);
    },
  });
  new Counter({
    name: metricNames.orderUncertain,
    help: 'Inbox events stored without knowing that what came before them was',
    registers,
    collect() {
      this.reset();
      this.inc(sources.orderUncertain());
    },
  });
}

function watchRetention(registers: Registry[], sources: MetricsSources): void {
  new Gauge({
    name: metricNames.retentionTries,
    help: 'Tries in a row to drop a day that is over, without getting its locks: somebody reads for long',
    registers,
    collect() {
      this.set(sources.retentionTries());
    },
  });
}
