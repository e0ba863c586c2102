import { createMetricFactory, type MetricFactory } from '@ackline/runtime/metric-factory';
import { createMetrics } from '@ackline/runtime/metrics';
import type { DestinationStatus } from '@ackline/store/destination-states';
import type { Registry } from 'prom-client';
import type { AttemptListener } from './delivery/attempt-runner.ts';
import type { StoredBatch } from './storing/store-events.ts';

export interface ProcessorMetrics extends AttemptListener {
  readonly registry: Registry;
  stored(batch: StoredBatch): void;
  quarantined(): void;
  interrupted(count: number): void;
  /** Reads these whenever the metrics are asked for. Once. */
  watch(sources: MetricsSources): void;
}

export interface MetricsSources {
  /** Of the destinations that are configured, by name. */
  breakers(): Iterable<readonly [destination: string, status: DestinationStatus]>;
  inFlight(): number;
  inFlightBytes(): number;
  orderUncertain(): number;
  /** Of Kafka: read and not committed. */
  pending(): { readonly records: number; readonly bytes: number };
}

export function createProcessorMetrics(): ProcessorMetrics {
  const registry = createMetrics({ service: 'processor' });
  const metrics = createMetricFactory(registry);
  const events = metrics.counter('processorEvents');
  const interrupted = metrics.counter('deliveriesInterrupted');
  return {
    registry,
    stored(batch) {
      events.inc({ result: 'stored' }, batch.stored);
      events.inc({ result: 'duplicate' }, batch.duplicates);
      events.inc({ result: 'unrouted' }, batch.unrouted);
    },
    quarantined: () => events.inc({ result: 'quarantined' }),
    ...attemptMetrics(metrics),
    interrupted: count => interrupted.inc(count),
    watch: sources => watchSources(metrics, sources),
  };
}

function attemptMetrics(metrics: MetricFactory): AttemptListener {
  const attempts = metrics.counter('deliveryAttempts');
  const attemptSeconds = metrics.histogram('deliveryAttemptSeconds');
  const waitSeconds = metrics.histogram('deliveryWaitSeconds');
  return {
    started(destination, { replay, waitedMs }) {
      waitSeconds.observe({ destination, lane: replay ? 'replay' : 'live' }, waitedMs / 1000);
    },
    attempted(destination, attempt) {
      attempts.inc({ destination, outcome: attempt.outcome.kind });
      attemptSeconds.observe({ destination }, attempt.ms / 1000);
    },
  };
}

const OPENNESS: Readonly<Record<DestinationStatus, number>> = { CLOSED: 0, HALF_OPEN: 0.5, OPEN: 1 };

function watchSources(metrics: MetricFactory, sources: MetricsSources): void {
  metrics.read('breakerState', () =>
    [...sources.breakers()].map(([breaker, status]) => [{ breaker }, OPENNESS[status]]),
  );
  metrics.read('deliveriesInFlight', () => sources.inFlight());
  metrics.read('deliveriesInFlightBytes', () => sources.inFlightBytes());
  metrics.read('processorPendingRecords', () => sources.pending().records);
  metrics.read('processorPendingBytes', () => sources.pending().bytes);
  metrics.read('orderUncertain', () => sources.orderUncertain());
}
