import type { KafkaCluster } from '@ackline/eventlog/kafka-cluster';
import type { Logger } from '@ackline/runtime/logger';
import { createSecretReader } from '@ackline/runtime/secrets';
import type { Tracing } from '@ackline/runtime/tracing/connect-tracing';
import type {
  DestinationConfig,
  RouteConfig,
  SourceConfig,
  TenantConfig,
} from '@ackline/shared/config/types';
import type { EventEnvelope } from '@ackline/shared/envelope';
import { ensureLanes } from '@ackline/store/lanes';
import type { Pool } from 'pg';
import { createDelivery, type Delivery } from '../../src/delivery/create-delivery.ts';
import { createProcessorMetrics } from '../../src/metrics.ts';
import { createRules } from '../../src/rules.ts';
import type { DeliveryDesk } from '../../src/storing/desk.ts';
import { createLaneStorer } from '../../src/storing/lane-storer.ts';
import { createStoreTraces } from '../../src/tracing/store-spans.ts';
import { routeConfig, sourceConfig } from '../configs.ts';
import { kafkaBatch } from '../events.ts';

export interface RunningDelivery {
  readonly delivery: Delivery;
  /** Stores the events as one batch of a lane. */
  readonly store: (events: readonly EventEnvelope[]) => Promise<void>;
  /** Ends the loop; then what is in flight has so long. */
  readonly stop: (attemptsMs?: number) => Promise<void>;
}

export interface RunningOptions {
  readonly pool: Pool;
  readonly destinations: readonly DestinationConfig[];
  /** Default: everything to each destination. */
  readonly routes?: readonly RouteConfig[];
  readonly sources?: readonly SourceConfig[];
  readonly tenants?: readonly TenantConfig[];
  readonly env?: Readonly<Record<string, string>>;
  readonly now?: () => number;
  readonly bodyBudgetBytes?: number;
  readonly kafka?: KafkaCluster;
  /** Default: none, so that a test that stores for a route of its own need not wait. */
  readonly unknownNameWaitMs?: number;
  readonly tracing?: Pick<Tracing, 'record'>;
  /** Default: nothing is logged. */
  readonly log?: Logger;
  /** What the storer sees instead of the dispatcher. */
  readonly desk?: (desk: DeliveryDesk) => DeliveryDesk;
}

const quiet = { debug() {}, info() {}, warn() {}, error() {} } as never;

/** The delivery side as the service wires it, with a storer in front. */
export async function runDelivery(options: RunningOptions): Promise<RunningDelivery> {
  const { pool, destinations, tracing } = options;
  const rules = createRules({
    sources: options.sources ?? [sourceConfig()],
    routes:
      options.routes ??
      destinations.map(({ name }) => routeConfig({ name: `to-${name}`, destination: name })),
    destinations,
    tenants: options.tenants ?? [],
  });
  const metrics = createProcessorMetrics();
  const secrets = createSecretReader({ env: options.env ?? {}, production: true });
  const delivery = createDelivery({
    unknownNameWaitMs: 0,
    claimsAtOnce: 16,
    ...options,
    rules: () => rules,
    secrets,
    metrics,
    log: options.log ?? quiet,
  });
  const { dispatcher } = delivery;
  const storer = createLaneStorer({
    pool,
    lanes: () => 1,
    traces:
      tracing === undefined
        ? null
        : createStoreTraces({ record: span => tracing.record(span), now: Date.now }),
    rules: () => ({ ...rules, desk: options.desk?.(dispatcher) ?? dispatcher }),
    listener: {
      stored: (batch, from) => metrics.stored(batch, from),
      quarantined: () => undefined,
      refused: () => undefined,
    },
  });
  await ensureLanes(pool, 1);
  const ending = new AbortController();
  const running = dispatcher.run(ending.signal);
  return {
    delivery,
    store: events => storer.storeKafkaBatch(kafkaBatch(events)),
    async stop(attemptsMs = 5_000) {
      ending.abort();
      await running;
      await delivery.drain(attemptsMs);
      await delivery.close();
    },
  };
}
