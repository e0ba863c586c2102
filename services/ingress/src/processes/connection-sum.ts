import type { Logger } from '@ackline/runtime/logger';
import { AppError } from '@ackline/shared/app-error';
import { createPool } from '@ackline/store/pool';
import { POOL_MAX } from '../app.ts';

/** What one processor starts with at the least, by its defaults (WEBHOOK_WORKERS and 8, and two beside the pool): one runs at least. */
const PROCESSOR_POOL = 14;

export interface ConnectionSumDeps {
  readonly databaseUrl: string;
  readonly processes: number;
  readonly log: Pick<Logger, 'warn'>;
}

/**
 * Whether the server has connections for all processes. Throws ACKLINE_TOO_MANY_CONNECTIONS where it has not enough for the
 * ingress alone; where it has none left for a processor, that is one warning. A server that does not answer now is asked for
 * nothing: the workers start without it.
 */
export async function checkConnections({ databaseUrl, processes, log }: ConnectionSumDeps): Promise<void> {
  const free = await readConnectionLimit(databaseUrl).catch((error: unknown) => {
    log.warn({ err: error }, 'postgres.away-at-start');
    return null;
  });
  if (free === null) return;
  const needed = connectionsNeeded(processes);
  if (needed > free) {
    throw new AppError(
      'ACKLINE_TOO_MANY_CONNECTIONS',
      `INGRESS_PROCESSES=${processes} needs ${needed} connections (${POOL_MAX} each, and one more process while one is replaced), and PostgreSQL gives ${free}`,
    );
  }
  if (needed + PROCESSOR_POOL > free) {
    log.warn({ needed, processorPool: PROCESSOR_POOL, available: free }, 'postgres.connections-short');
  }
}

/** One process more than there are: a replacement runs beside the one that it replaces. */
function connectionsNeeded(processes: number): number {
  return (processes + 1) * POOL_MAX;
}

/** What is left of max_connections after what is reserved for superusers and roles. */
async function readConnectionLimit(connectionString: string): Promise<number> {
  const pool = createPool({
    connectionString,
    applicationName: 'ackline-ingress-parent',
    max: 1,
    onError: () => undefined,
  });
  try {
    const { rows } = await pool.query<{ free: number }>(
      `select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
              - coalesce(current_setting('reserved_connections', true), '0')::int as free`,
    );
    return rows[0]?.free ?? 0;
  } finally {
    await pool.end();
  }
}
