import pg from 'pg';
import type { Pool, PoolClient } from 'pg';

/** Connect and statement limit of a working connection; none takes longer to connect. */
const STATEMENT_LIMIT_MS = 5_000;
/**
 * The client gives up so much later than the server: the server's own cancel comes first, and its connection can be used
 * again. Only a server that hangs costs a caller both, and the connection.
 */
export const SERVER_CANCELS_FIRST_MS = 1_000;
/**
 * The server's own questions to a peer that has gone without a word (a lost host, a cut network): it gives the connection up,
 * and the locks with it, after 25 s without an answer. The system's default is over two hours.
 */
export const SERVER_KEEPALIVES = [
  'tcp_keepalives_idle=10',
  'tcp_keepalives_interval=5',
  'tcp_keepalives_count=3',
  'tcp_user_timeout=15000',
];
const SESSION_SETTINGS = [
  'synchronous_commit=on',
  'timezone=UTC',
  'default_transaction_isolation=read\\ committed',
  ...SERVER_KEEPALIVES,
];

export interface PoolOptions {
  readonly connectionString: string;
  /** Shown by pg_stat_activity, so that an operator sees who holds a connection. */
  readonly applicationName: string;
  readonly max: number;
  readonly min?: number;
  readonly limitMs?: number;
  /** Of each wait for a lock: shorter than `limitMs`, so that one that waits is told from one that does too much. */
  readonly lockLimitMs?: number;
  /** The server ends a connection that is checked out and does nothing for so long, as that of a process that stands still. */
  readonly idleSessionMs?: number;
  /** Asked of each new connection before its first use: where it rejects the connection is closed, and who wanted it has the error. */
  readonly checkNew?: (client: PoolClient) => Promise<void>;
  /** Told of errors on idle connections (a server restart, for one): without a listener they would end the process. */
  readonly onError: (error: Error) => void;
}

/**
 * A pool whose commits are durable when they return: `synchronous_commit=on` whatever the server's default (A1). A process that
 * is stopped or lost inside a transaction holds its locks for the limit at most: the server ends the session then, and undoes it.
 * Each statement sees what was committed before it, whatever the server's default: a key's next delivery is found by that (H4).
 * Connects lazily; `pool.end()` closes it.
 */
export function createPool(options: PoolOptions): Pool {
  const limitMs = options.limitMs ?? STATEMENT_LIMIT_MS;
  const { idleSessionMs, lockLimitMs, checkNew } = options;
  const settings = [
    ...SESSION_SETTINGS,
    ...(idleSessionMs === undefined ? [] : [`idle_session_timeout=${idleSessionMs}`]),
    ...(lockLimitMs === undefined ? [] : [`lock_timeout=${lockLimitMs}`]),
  ];
  const pool = new pg.Pool({
    connectionString: options.connectionString,
    application_name: options.applicationName,
    max: options.max,
    min: options.min ?? 0,
    connectionTimeoutMillis: Math.min(limitMs, STATEMENT_LIMIT_MS),
    statement_timeout: limitMs,
    idle_in_transaction_session_timeout: limitMs,
    query_timeout: limitMs + SERVER_CANCELS_FIRST_MS,
    keepAlive: true,
    options: settings.map(setting => `-c ${setting}`).join(' '),
    ...(checkNew === undefined
      ? {}
      : { verify: (client, done) => void checkNew(client).then(() => done(), done) }),
  });
  pool.on('error', options.onError);
  // A checked-out client reports a lost connection too, beside the rejected query: unheard it would end the process.
  pool.on('connect', client => {
    client.on('error', () => undefined);
  });
  return pool;
}
