import type { Tracing } from '@ackline/runtime/tracing/connect-tracing';
import type { Delivery } from '../delivery/create-delivery.ts';
import type { Intake } from '../intake.ts';
import type { LateRoutingDeps } from '../late-routing.ts';
import type { ProcessorMetrics } from '../metrics.ts';
import { createStoreTraces } from '../tracing/store-spans.ts';
import { logStored, logStoreFailure } from './batch-log.ts';
import type { LaneStorerDeps } from './lane-storer.ts';
import type { Refusals } from './refusals.ts';

export interface StorerParts {
  readonly intake: Intake;
  readonly delivery: Delivery;
  readonly metrics: ProcessorMetrics;
  readonly tracing: Tracing | null;
  readonly routing: LateRoutingDeps;
  readonly refusals: Refusals;
}

/** What the storer needs of the other parts, and who hears of what it stores. */
export function storerDeps(parts: StorerParts): LaneStorerDeps {
  const { intake, metrics, tracing, routing, refusals } = parts;
  return {
    traces: tracing && createStoreTraces({ record: span => tracing.record(span), now: Date.now }),
    pool: routing.pool,
    lanes: () => intake.lanes(),
    rules: () => ({ ...routing.rules(), desk: parts.delivery.dispatcher }),
    listener: {
      stored(batch, from) {
        metrics.stored(batch, from);
        logStored(routing.log, batch, from);
        routing.onKeptWhole(batch.keptWhole);
      },
      failed: error => logStoreFailure(routing.log, error),
      quarantined: routing.onQuarantined,
      refused(reason) {
        refusals.refused(reason);
        routing.log.error({ reason }, 'store.refuses-all');
      },
    },
  };
}
