import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import type { MetricFactory } from '@ackline/runtime/metric-factory';
import { createMinuteRecord } from '@ackline/runtime/minute-record';
import { type CallTally, createPerformanceReport } from '@ackline/runtime/performance-report';
import { addTotals } from '@ackline/store/totals';
import type { Pool } from 'pg';
import type { ProcessorConfig } from './config.ts';
import type { Delivery } from './delivery/create-delivery.ts';
import { isReady } from './delivery/sending/delivery-sender.ts';
import { createFiguresReport } from './handling/figures-report.ts';
import type { OpenedHandlers } from './handling/handler-support.ts';
import { measuredPerformance } from './measured-performance.ts';
import { createProcessorMetrics, type MetricsSources } from './metrics.ts';
import { createMinuteTally, type MinuteTally, withMinutes } from './minute-tally.ts';
import type { Intake } from './intake.ts';
import { configured, handlersOf } from './processor-state.ts';
import type { Retention } from './retaining/retention.ts';
import { createWorkFigures } from './work-figures.ts';

/** The processor's metrics, and beside them what becomes of them in each minute. */
export function createCounts() {
  const minutes = createMinuteTally();
  return { metrics: withMinutes(createProcessorMetrics(), minutes), minutes };
}

interface WatchedParts {
  readonly intake: Intake;
  readonly delivery: Delivery;
  readonly retention: Retention;
}

/** What a scrape asks the parts themselves. */
export function watchedSources({ intake, delivery, retention }: WatchedParts): MetricsSources {
  return {
    breakers: () => configured(delivery).map(({ config, breaker }) => [config.name, breaker.view.status]),
    inFlight: () => delivery.inFlight(),
    inFlightBytes: () => delivery.inFlightBytes(),
    retentionTries: () => retention.stuck?.tries ?? 0,
    retentionUnable: () => retention.unable,
    intake: () => intake.snapshot(),
    readsKafka: () => intake.readsKafka(),
  };
}

export interface ReportParts {
  readonly config: ProcessorConfig;
  readonly delivery: Delivery;
  readonly handlers: OpenedHandlers;
  readonly figures: MetricFactory;
  readonly calls: CallTally;
  readonly minutes: MinuteTally;
  readonly pool: Pool;
  readonly processorId: string;
  readonly log: Logger;
}

/** What a processor tells again and again: each minute its totals, each hour a line, what `ackline perf` reads, and what PostgreSQL holds. */
export function openReports(parts: ReportParts, opened: AsyncDisposableStack): Component[] {
  const { config, delivery, handlers, calls, pool, processorId, log } = parts;
  const threads = () => handlersOf(delivery);
  const performance = () =>
    measuredPerformance({
      calls,
      handlers: threads().map(([name, { figures }]) => ({ figures, cache: handlers.cache.figuresOf(name) })),
      pool,
      poolMax: config.poolMax,
      memoryBytes: process.memoryUsage.rss(),
    });
  return [
    openTotals(parts, opened),
    createPerformanceReport({ read: performance, log }),
    createFiguresReport({ pool, processorId, threads, cache: handlers.cache, performance, log }),
    openWorkFigures(parts),
  ];
}

/** Its last word comes behind the drain, when all that was delivered in it is counted. */
function openTotals(
  { pool, minutes, log }: Pick<ReportParts, 'pool' | 'minutes' | 'log'>,
  opened: AsyncDisposableStack,
): Component {
  const totals = createMinuteRecord({
    name: 'minute-totals',
    take: () => minutes.take(),
    write: (at, counts) => addTotals(pool, at, counts),
    log,
  });
  opened.defer(() => totals.end());
  return totals;
}

function openWorkFigures({ pool, figures, delivery, log }: ReportParts): Component {
  return createWorkFigures({
    pool,
    metrics: figures,
    log,
    destinations: () => configured(delivery).map(({ config }) => config.name),
    isHeld(name) {
      const known = delivery.destinations.get(name);
      return (
        known === undefined ||
        !known.isConfigured ||
        !isReady(known.sender) ||
        known.pause.isOn ||
        known.breaker.view.status !== 'CLOSED'
      );
    },
  });
}
