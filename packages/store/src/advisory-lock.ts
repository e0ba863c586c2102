import type { Pool, PoolClient } from 'pg';

/**
 * Runs `work` on a connection that holds this lock, unless another one holds it: false then. A connection that failed is thrown
 * away, and the lock goes with it.
 */
export async function tryAlone(
  pool: Pool,
  lock: number,
  work: (client: PoolClient) => Promise<void>,
): Promise<boolean> {
  const client = await pool.connect();
  try {
    const { rows } = await client.query<{ alone: boolean }>('select pg_try_advisory_lock($1) as alone', [
      lock,
    ]);
    const alone = rows[0]?.alone === true;
    if (alone) {
      await work(client);
      await client.query('select pg_advisory_unlock($1)', [lock]);
    }
    client.release();
    return alone;
  } catch (error) {
    client.release(true);
    throw error;
  }
}
