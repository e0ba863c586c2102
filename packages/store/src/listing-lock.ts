import type { PoolClient } from 'pg';
import { gaveWay, LONGEST_LOCK_WAIT_MS } from './lock-patience.ts';

/** Any number that nothing else in the database uses for an advisory lock. */
const LISTING_LOCK = 4_207_151_896;

type Client = Pick<PoolClient, 'query'>;

/** Until its transaction ends, nobody removes finished deliveries of the default partition. Any number may list at once. */
export async function lockListing(client: Client): Promise<void> {
  await client.query('select pg_advisory_xact_lock_shared($1)', [LISTING_LOCK]);
}

/** Pages of a list are shorter. With the work behind it, it is within the limit of the statements that list, which wait for both. */
const LOCK_WAIT_MS = 1_000;

/**
 * Runs `work` in a transaction in which nobody lists finished deliveries for a replay, and each statement of which sees what was
 * listed before. null: somebody lists some, and for longer than it waits. Those who come meanwhile wait behind it: else pages of
 * several lists, one beside the other, would keep it out for ever. Who stands still with the lock loses it soon, with the connection;
 * a statement of `work` that takes longer than that is ended by the server, since those who list wait for it.
 */
export async function lockOutListing<T>(client: Client, work: () => Promise<T>): Promise<T | null> {
  await client.query(
    `begin;
     set local idle_in_transaction_session_timeout = ${LONGEST_LOCK_WAIT_MS};
     set local statement_timeout = ${LONGEST_LOCK_WAIT_MS};
     set local lock_timeout = ${LOCK_WAIT_MS}`,
  );
  try {
    const isFree = await client.query('select pg_advisory_xact_lock($1)', [LISTING_LOCK]).then(
      () => true,
      (error: unknown) => {
        if (gaveWay(error)) return false;
        throw error;
      },
    );
    if (!isFree) {
      await client.query('rollback');
      return null;
    }
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}
