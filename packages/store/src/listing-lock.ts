import type { PoolClient } from 'pg';
import { LONGEST_LOCK_WAIT_MS } from './lock-patience.ts';

/** Any number that nothing else in the database uses for an advisory lock. */
const LISTING_LOCK = 4_207_151_896;

type Client = Pick<PoolClient, 'query'>;

/** Until its transaction ends, nobody removes finished deliveries of the default partition. Any number may list at once. */
export async function lockListing(client: Client): Promise<void> {
  await client.query('select pg_advisory_xact_lock_shared($1)', [LISTING_LOCK]);
}

/**
 * Runs `work` in a transaction in which nobody lists finished deliveries for a replay, and each statement of which sees what was
 * listed before. null: somebody lists some just now. It waits for nobody, so nobody queues behind it; and who stands still with the
 * lock loses it soon, with the connection; a statement of `work` that takes longer than that is ended by the server, since those who list
 * wait behind it.
 */
export async function lockOutListing<T>(client: Client, work: () => Promise<T>): Promise<T | null> {
  await client.query(
    `begin;
     set local idle_in_transaction_session_timeout = ${LONGEST_LOCK_WAIT_MS};
     set local statement_timeout = ${LONGEST_LOCK_WAIT_MS}`,
  );
  try {
    const { rows } = await client.query<{ free: boolean }>('select pg_try_advisory_xact_lock($1) as free', [
      LISTING_LOCK,
    ]);
    const result = rows[0]?.free === true ? await work() : null;
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}
