import type { EventLogSnapshot } from '@ackline/eventlog/composed-log';
import type { EventLogListener } from '@ackline/eventlog/connect-event-log';
import type { MetricFactory } from '@ackline/runtime/metric-factory';
import type { BreakerSnapshot, BreakerStatus } from '@ackline/shared/breaker/circuit-breaker';

export interface LogMetrics {
  /** What is counted while the event log runs. */
  readonly listener: EventLogListener;
  /** What it says of itself is read whenever the metrics are asked for. Once. */
  watch(readLog: () => LogFigures): void;
}

export function createLogMetrics(metrics: MetricFactory): LogMetrics {
  const batches = metrics.histogram('eventlogBatchEvents');
  const openings = metrics.counter('breakerOpenings');
  // Made once: to find one by its label would cost each batch a text.
  const byTier = {
    kafka: batches.labels({ tier: 'kafka' }),
    inbox: batches.labels({ tier: 'inbox' }),
    spool: batches.labels({ tier: 'spool' }),
  };
  return {
    listener: {
      batch: (tier, events) => byTier[tier].observe(events),
      opened: tier => openings.inc({ breaker: tier }),
    },
    watch(readLog) {
      // From the start: an increase over nothing would be none.
      for (const { name } of readLog().tiers) openings.inc({ breaker: name }, 0);
      registerLogFigures(metrics, readLog);
    },
  };
}

export type LogFigures = Pick<EventLogSnapshot, 'queue' | 'tiers' | 'tierInUse' | 'spool'>;

const OPENNESS: Readonly<Record<BreakerStatus, number>> = { CLOSED: 0, HALF_OPEN: 0.5, OPEN: 1 };

/** One whose time is over is tried by the next event, and is no trouble until then. */
function opennessOf(breaker: BreakerSnapshot): number {
  return breaker.status === 'OPEN' && breaker.reopensAt <= Date.now()
    ? OPENNESS.HALF_OPEN
    : OPENNESS[breaker.status];
}

function registerLogFigures(metrics: MetricFactory, readLog: () => LogFigures): void {
  metrics.read('eventlogPending', () => readLog().queue.size);
  metrics.read('breakerState', () =>
    readLog().tiers.flatMap(({ name, breaker }) =>
      breaker === null ? [] : [[{ breaker: name }, opennessOf(breaker)] as const],
    ),
  );
  metrics.read('eventlogTierInUse', () => {
    const { tiers, tierInUse } = readLog();
    return tiers.map(({ name }) => [{ tier: name }, name === tierInUse ? 1 : 0]);
  });
  const ofSpool = (read: (spool: NonNullable<LogFigures['spool']>) => number) => () => {
    const { spool } = readLog();
    return spool === null ? null : read(spool);
  };
  metrics.read(
    'spoolReady',
    ofSpool(spool => (spool.state === 'ready' ? 1 : 0)),
  );
  metrics.read(
    'spoolEvents',
    ofSpool(spool => spool.events),
  );
  metrics.read(
    'spoolBytes',
    ofSpool(spool => spool.bytes),
  );
  metrics.read(
    'spoolMaxBytes',
    ofSpool(spool => spool.maxBytes),
  );
  metrics.read(
    'spoolOldestAge',
    ofSpool(spool => (spool.oldestAgeMs ?? 0) / 1_000),
  );
  metrics.read(
    'spoolRelayed',
    ofSpool(spool => spool.relayed),
  );
  metrics.read(
    'spoolQuarantined',
    ofSpool(spool => spool.quarantined),
  );
  metrics.read(
    'spoolCorruptFiles',
    ofSpool(spool => spool.corruptFiles.length),
  );
}
