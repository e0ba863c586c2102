import pg from 'pg';
import type { Pool } from 'pg';

/** Connect and statement limit of a working connection. */
const STATEMENT_LIMIT_MS = 5_000;
/**
 * The client gives up so much later than the server: the server's own cancel comes first, and its connection can be used
 * again. Only a server that hangs costs a caller both, and the connection.
 */
const SERVER_CANCELS_FIRST_MS = 1_000;

export interface PoolOptions {
  readonly connectionString: string;
  /** Shown by pg_stat_activity, so that an operator sees who holds a connection. */
  readonly applicationName: string;
  readonly max: number;
  readonly min?: number;
  readonly limitMs?: number;
  /** Told of errors on idle connections (a server restart, for one): without a listener they would end the process. */
  readonly onError: (error: Error) => void;
}

/**
 * A pool whose commits are durable when they return: `synchronous_commit=on` whatever the server's default (A1).
 * Connects lazily; `pool.end()` closes it.
 */
export function createPool(options: PoolOptions): Pool {
  const limitMs = options.limitMs ?? STATEMENT_LIMIT_MS;
  const pool = new pg.Pool({
    connectionString: options.connectionString,
    application_name: options.applicationName,
    max: options.max,
    min: options.min ?? 0,
    connectionTimeoutMillis: limitMs,
    statement_timeout: limitMs,
    query_timeout: limitMs + SERVER_CANCELS_FIRST_MS,
    keepAlive: true,
    options: '-c synchronous_commit=on -c timezone=UTC',
  });
  pool.on('error', options.onError);
  // A checked-out client reports a lost connection too, beside the rejected query: unheard it would end the process.
  pool.on('connect', client => {
    client.on('error', () => undefined);
  });
  return pool;
}
