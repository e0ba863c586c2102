import { createMetricFactory, type MetricFactory } from '@ackline/runtime/metric-factory';
import { createMetrics } from '@ackline/runtime/metrics';
import type { DestinationStatus } from '@ackline/store/destination-states';
import type { Counter, Registry } from 'prom-client';
import type { AttemptListener } from './delivery/attempting/attempt-runner.ts';
import type { EventForgetterListener } from './delivery/outcomes/event-forgetter.ts';
import type { Intake } from './intake.ts';
import { createReplayMetrics, type ReplayMetrics } from './replaying/replay-metrics.ts';
import type { Retention } from './retaining/retention.ts';
import { scalingLagMs } from './scaling-lag.ts';
import type { StoredFrom } from './storing/batch-log.ts';
import type { StoredBatch } from './storing/store-events.ts';

export interface ProcessorMetrics extends AttemptListener, EventForgetterListener, ReplayMetrics {
  readonly registry: Registry;
  stored(batch: StoredBatch, from: Pick<StoredFrom, 'items'>): void;
  quarantined(): void;
  keptWhole(bodies: number): void;
  interrupted(count: number): void;
  /** A process that evaluates expressions did not come up. */
  transformStartFailed(): void;
  /** The circuit breaker of a destination, by this processor. */
  opened(destination: string): void;
  /** These are configured now: what is counted of each begins with 0. */
  configured(destinations: Iterable<string>): void;
  /** Reads these whenever the metrics are asked for. Once. */
  watch(sources: MetricsSources): void;
}

export interface MetricsSources {
  /** Of the destinations that are configured, by name. */
  breakers(): Iterable<readonly [destination: string, status: DestinationStatus]>;
  inFlight(): number;
  inFlightBytes(): number;
  /** To drop a day that is over, in a row. */
  retentionTries(): number;
  retentionUnable(): Retention['unable'];
  intake(): ReturnType<Intake['snapshot']>;
  /** null: there is no Kafka. */
  readsKafka(): boolean | null;
}

const FORGETTING: readonly Parameters<EventForgetterListener['forgot']>[0][] = [
  'forgotten',
  'failed',
  'left',
];

type AttemptCounter = Counter<'destination' | 'outcome'>;

export function createProcessorMetrics(): ProcessorMetrics {
  const registry = createMetrics({ service: 'processor' });
  const metrics = createMetricFactory(registry);
  const events = metrics.counter('processorEvents');
  const keptWhole = metrics.counter('bodiesKeptWhole');
  const interrupted = metrics.counter('deliveriesInterrupted');
  const openings = metrics.counter('breakerOpenings');
  const attempts = metrics.counter('deliveryAttempts');
  const forgotten = metrics.counter('eventsForgotten');
  const transformStarts = metrics.counter('transformStartFailures');
  for (const result of FORGETTING) forgotten.inc({ result }, 0); // from the start, as the counters without labels
  let watched: MetricsSources | null = null;
  /** In Kafka's batches; what the inbox's own consumer stored is counted there. */
  let orderUncertain = 0;
  // From the start too: a pod whose start waits for PostgreSQL is asked by an autoscaler, and must not be a failure.
  metrics.read('scalingLag', () =>
    watched === null ? 0 : scalingLagMs(watched.intake(), Date.now()) / 1_000,
  );
  return {
    registry,
    forgot: (result, count) => forgotten.inc({ result }, count),
    stored(batch, { items }) {
      events.inc({ result: 'stored' }, batch.stored);
      events.inc({ result: 'duplicate' }, batch.duplicates);
      events.inc({ result: 'unrouted' }, batch.unrouted);
      orderUncertain += items.filter(({ place }) => place.isUncertain).length;
    },
    quarantined: () => events.inc({ result: 'quarantined' }),
    keptWhole: bodies => keptWhole.inc(bodies),
    ...attemptMetrics(metrics, attempts),
    ...createReplayMetrics(metrics),
    interrupted: count => interrupted.inc(count),
    transformStartFailed: () => transformStarts.inc(),
    opened: destination => openings.inc({ breaker: destination }),
    configured(destinations) {
      // Before the first of them: an increase over nothing would be none.
      for (const destination of destinations) {
        openings.inc({ breaker: destination }, 0);
        attempts.inc({ destination, outcome: 'park' }, 0);
      }
    },
    watch(sources) {
      watched = sources;
      watchSources(metrics, sources);
      metrics.read('orderUncertain', () => orderUncertain + (sources.intake().inbox?.orderUncertain ?? 0));
    },
  };
}

function attemptMetrics(metrics: MetricFactory, attempts: AttemptCounter): AttemptListener {
  const attemptSeconds = metrics.histogram('deliveryAttemptSeconds');
  const waitSeconds = metrics.histogram('deliveryWaitSeconds');
  return {
    started(destination, { replay, waitedMs }) {
      waitSeconds.observe({ destination, kind: replay ? 'replay' : 'live' }, waitedMs / 1000);
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
  metrics.read('retentionTries', () => sources.retentionTries());
  metrics.read('kafkaReading', () => {
    const reads = sources.readsKafka();
    return reads === null ? null : Number(reads);
  });
  metrics.read('retentionUnable', () => {
    const { days, keys } = sources.retentionUnable();
    return [
      [{ what: 'days' }, Number(days)],
      [{ what: 'keys' }, Number(keys)],
    ];
  });
  watchIntake(metrics, () => sources.intake());
}

function watchIntake(metrics: MetricFactory, read: MetricsSources['intake']): void {
  metrics.read('processorPendingRecords', () => read().kafka?.pending.records ?? 0);
  metrics.read('processorPendingBytes', () => read().kafka?.pending.bytes ?? 0);
  metrics.read('lagRecords', () => read().kafka?.lag ?? null);
  metrics.read('lagSeconds', () => {
    const { kafka } = read();
    if (kafka === null) return null;
    return kafka.lagSince === null ? 0 : Math.max(0, Date.now() - kafka.lagSince) / 1_000;
  });
  metrics.read('inboxRows', () => read().inbox?.rows ?? 0);
  metrics.read('inboxOldestAge', () => (read().inbox?.oldestAgeMs ?? 0) / 1_000);
}
