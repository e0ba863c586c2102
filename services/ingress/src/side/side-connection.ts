import type { Pool, PoolClient } from 'pg';

/** Nobody waits for what is done here, and a lock that another session has is not worth more of a connection's time. */
const SERVER_LIMIT_MS = 2_000;
/** The server's own cancel comes first; only one that hangs costs this. */
const CLIENT_LIMIT_MS = SERVER_LIMIT_MS + 500;

/** Runs one work at a time, in a transaction; the others wait for their turn. Rejects with the driver's error, or once it took too long. */
export type SideConnection = <T>(work: (client: PoolClient) => Promise<T>) => Promise<T>;

/**
 * One connection of the ingress' pool for all that no request waits for. Of the pool's five the log's appends take four at most, so that
 * however long work beside them takes, and however much of it there is, an append finds a connection free (A5).
 */
export function createSideConnection(
  pool: Pick<Pool, 'connect'>,
  { serverLimitMs = SERVER_LIMIT_MS, clientLimitMs = CLIENT_LIMIT_MS } = {},
): SideConnection {
  let turn: Promise<unknown> = Promise.resolve();
  return work => {
    const mine = turn.then(async () => {
      const client = await pool.connect();
      let isDone = false;
      try {
        const result = await within(clientLimitMs, () => transaction(client, work, serverLimitMs));
        isDone = true;
        return result;
      } finally {
        // One that failed may be in the midst of anything: the server undoes it when its connection ends.
        client.release(!isDone);
      }
    });
    turn = mine.catch(() => undefined);
    return mine;
  };
}

async function transaction<T>(
  client: PoolClient,
  work: (client: PoolClient) => Promise<T>,
  serverLimitMs: number,
): Promise<T> {
  await client.query(`begin; set local statement_timeout = ${serverLimitMs}`);
  const result = await work(client);
  await client.query('commit');
  return result;
}

async function within<T>(limitMs: number, run: () => Promise<T>): Promise<T> {
  const { promise: overdue, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('PostgreSQL did not answer in time')), limitMs);
  try {
    return await Promise.race([run(), overdue]);
  } finally {
    clearTimeout(timer);
  }
}
