import type { Pool, PoolClient } from 'pg';

/** A lock that one process at a time has, on a connection that it keeps. */
export interface KeptLock {
  /**
   * The connection that has the lock: the same one as before, where that still lives. null: another process has the lock. A pool with
   * `idleSessionMs` gives it up where it is not asked for that long.
   */
  hold(): Promise<PoolClient | null>;
  /** Ends the connection, whatever it does just now, and the lock with it. */
  letGo(): void;
}

export function createKeptLock(pool: Pool, lock: number): KeptLock {
  let kept: PoolClient | null = null;

  function letGo(): void {
    const ending = kept;
    kept = null;
    ending?.release(true);
  }
  async function isFree(client: PoolClient): Promise<boolean> {
    const { rows } = await client.query<{ free: boolean }>('select pg_try_advisory_lock($1) as free', [lock]);
    return rows[0]?.free === true;
  }
  const lives = (client: PoolClient) =>
    client.query('select').then(
      () => true,
      () => false,
    );

  return {
    async hold() {
      if (kept !== null && (await lives(kept))) return kept;
      letGo();
      const client = await pool.connect();
      kept = client; // from here on it can be ended
      let isMine = false;
      try {
        isMine = await isFree(client);
      } finally {
        if (!isMine) letGo();
      }
      return isMine ? client : null;
    },
    letGo,
  };
}
