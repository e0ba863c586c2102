import { connectPostgresGuard, type PostgresGuard } from '@ackline/eventlog/postgres-guard';
import type { HealthRegistry, HealthState } from '@ackline/runtime/health';
import type { ProgramContext } from '@ackline/runtime/main-program';
import type { PoolMetrics } from '@ackline/runtime/pool-metrics';
import { handlerConnections } from '@ackline/shared/config/handler-connections';
import type { DestinationConfig } from '@ackline/shared/config/types';
import { checkPostgresDurability } from '@ackline/store/durability';
import { STORING_LOCK_LIMIT_MS } from '@ackline/store/lock-patience';
import { checkSchema } from '@ackline/store/migrate';
import { createPool } from '@ackline/store/pool';
import { watchPool } from '@ackline/store/pool-watch';
import type { Pool } from 'pg';
import { POOL_MIN, type ProcessorConfig } from './config.ts';
import { APPLICATION_NAME, warnOfScarceConnections } from './connection-check.ts';
import type { Rules } from './rules.ts';

/** Beside the pool: for notices, and (of one processor alone) for retention. The chart counts with them. */
export const CONNECTIONS_BESIDE_POOL = 2;
/** PostgreSQL's own: read_only_sql_transaction. */
const READ_ONLY = '25006';

export interface StoreParts {
  readonly config: Pick<ProcessorConfig, 'databaseUrl' | 'poolMax' | 'kafka'>;
  readonly context: Pick<ProgramContext, 'log' | 'report' | 'signal'>;
  readonly health: HealthRegistry;
  readonly pools: PoolMetrics;
  /** What is in force. */
  readonly rules: () => Pick<Rules, 'destinations'>;
}

/**
 * Connects to PostgreSQL. One that may not be used, a schema that is too old or too new, ends the start at once. One that is
 * away is waited for, alive and not ready: a processor that ends meanwhile is started later and later by its orchestrator, and
 * is not there when PostgreSQL is. null: the process was told to end before.
 */
export async function connectStore(
  { config, context, health, pools, rules }: StoreParts,
  stack: AsyncDisposableStack,
): Promise<Pool | null> {
  const { log, signal } = context;
  const pool = createPool({
    connectionString: config.databaseUrl,
    applicationName: APPLICATION_NAME,
    max: config.poolMax,
    min: POOL_MIN,
    lockLimitMs: STORING_LOCK_LIMIT_MS,
    onError: error => log.warn({ err: error }, 'postgres.connection-lost'),
  });
  stack.defer(() => pool.end());
  watchPool(pool, pools.add(APPLICATION_NAME, pool));
  const guard = await connectPostgresGuard({ check: () => checkStore(pool), log });
  if (!guard.isGood) {
    health.watch('postgres', () => waitState(guard));
    // All that this process can do is done: the bound on a start is for one that hangs, and would end it here.
    health.markStarted();
    context.report({ kind: 'started' });
    // What takes long to load is there by then; and has been compiled where the image is built, without PostgreSQL.
    if (config.kafka !== null) void import('./kafka-reading.ts');
    await guard.untilGood(signal);
  }
  if (signal.aborted) return null;
  const max = connectionsOf(config, rules().destinations.values());
  await warnOfScarceConnections(pool, { max, isAlive: false }, log);
  return pool;
}

/** All of one processor. */
export function connectionsOf(
  { poolMax }: Pick<ProcessorConfig, 'poolMax'>,
  destinations: Iterable<DestinationConfig>,
): number {
  return poolMax + CONNECTIONS_BESIDE_POOL + handlerConnections(destinations);
}

async function checkStore(pool: Pool): Promise<void> {
  await checkSchema(pool);
  await checkPostgresDurability(pool);
  await checkWritable(pool);
}

/** A standby answers too, while a server takes its primary's place: as good as away, and so is the connection to it. */
async function checkWritable(pool: Pool): Promise<void> {
  const client = await pool.connect();
  let readOnly = true;
  try {
    const { rows } = await client.query<{ setting: string }>(
      "select current_setting('transaction_read_only') as setting",
    );
    readOnly = rows[0]?.setting === 'on';
  } finally {
    client.release(readOnly);
  }
  if (!readOnly) return;
  throw Object.assign(new Error('PostgreSQL takes no writes: a standby, or read-only'), { code: READ_ONLY });
}

function waitState({ isGood, failure }: PostgresGuard): HealthState {
  if (isGood) return { ok: false, detail: 'starting: PostgreSQL is found' };
  return { ok: false, detail: `the start waits for PostgreSQL (${failure ?? 'no answer'})` };
}
