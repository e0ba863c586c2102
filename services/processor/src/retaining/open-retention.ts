import type { ConfigReload } from '@ackline/runtime/config-reload';
import type { PoolMetrics } from '@ackline/runtime/pool-metrics';
import type { Logger } from '@ackline/runtime/logger';
import { createPool } from '@ackline/store/pool';
import { watchPool } from '@ackline/store/pool-watch';
import type { ProcessorConfig } from '../config.ts';
import type { Intake } from '../intake.ts';
import { createRetention, type Retention } from './retention.ts';
import type { Declared } from '../rules.ts';

const RETENTION_NAME = 'ackline-retention';
/** Of a statement that looks through a large table (all deliveries, a default partition) and keeps nobody waiting meanwhile. */
const RETENTION_LIMIT_MS = 600_000;
/** Some rounds of retention: where its processor stands still for longer, another one takes it over. */
const RETENTION_IDLE_MS = 180_000;

export interface RetentionParts {
  readonly config: ProcessorConfig;
  readonly declared: Pick<ConfigReload<Declared>, 'current' | 'state'>;
  readonly intake: Intake;
  readonly pools: PoolMetrics;
  readonly log: Logger;
}

/** Apart from the work: one connection, which one processor of all keeps. */
export function openRetention(
  { config, declared, intake, pools, log }: RetentionParts,
  opened: AsyncDisposableStack,
): Retention {
  const pool = createPool({
    connectionString: config.databaseUrl,
    applicationName: RETENTION_NAME,
    max: 1,
    limitMs: RETENTION_LIMIT_MS,
    idleSessionMs: RETENTION_IDLE_MS,
    onError: error => log.warn({ err: error }, 'postgres.connection-lost'),
  });
  opened.defer(() => pool.end());
  watchPool(pool, pools.add(RETENTION_NAME, pool));
  const topicRetentionMs = config.kafka === null ? null : () => intake.topicRetentionMs();
  return createRetention({
    pool,
    retention: () => declared.current.retention,
    destinations: () => [...declared.current.destinations.keys()],
    isRefused: () => declared.state.error !== null,
    topicRetentionMs,
    log,
  });
}
