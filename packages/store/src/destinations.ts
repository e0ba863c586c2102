import type { Pool, PoolClient } from 'pg';
import { audit } from './audit.ts';
import { DESTINATIONS_CHANNEL } from './destination-states.ts';
import { inTransaction } from './transaction.ts';

export interface PausedDestination {
  readonly name: string;
  readonly reason: string;
  readonly pausedAt: Date;
}

/** Pauses are few: made by people or by a destination's own 410. */
const MAX_LISTED = 1_000;

/** Holds the work of a destination until it is resumed; a pause that stands keeps its first reason. */
export async function pauseDestination(
  pool: Pool,
  name: string,
  { reason, actor }: { readonly reason: string; readonly actor: string },
): Promise<void> {
  await inTransaction(pool, async client => {
    const result = await client.query(
      'insert into paused_destinations (name, reason) values ($1, $2) on conflict (name) do nothing',
      [name, reason],
    );
    if (result.rowCount !== 1) return;
    await audit(client, { actor, action: 'destination.paused', subject: name, details: { reason } });
    await tell(client, name);
  });
}

/** Returns false where it was not paused. */
export async function resumeDestination(pool: Pool, name: string, actor: string): Promise<boolean> {
  return inTransaction(pool, async client => {
    const result = await client.query('delete from paused_destinations where name = $1', [name]);
    if (result.rowCount !== 1) return false;
    await audit(client, { actor, action: 'destination.resumed', subject: name, details: {} });
    await tell(client, name);
    return true;
  });
}

/** Processors that listen hear of it with the commit. */
async function tell(client: PoolClient, name: string): Promise<void> {
  await client.query('select pg_notify($1, $2)', [DESTINATIONS_CHANNEL, name]);
}

/** Names with deliveries that are due now or later: one look into the index for each, however many deliveries it has. */
export async function listDestinationsWithWork(queryable: Pick<Pool, 'query'>): Promise<readonly string[]> {
  const result = await queryable.query<{ name: string }>(
    `with recursive found (name) as (
       (select destination from deliveries where state = 'due' and not replay order by destination limit 1)
       union all
       select n.destination from found cross join lateral (
         select d.destination from deliveries d
          where d.state = 'due' and not d.replay and d.destination > found.name order by d.destination limit 1) n
     )
     select name from found limit ${MAX_LISTED}`,
  );
  return result.rows.map(row => row.name);
}

export async function listPausedDestinations(
  queryable: Pick<Pool, 'query'>,
): Promise<readonly PausedDestination[]> {
  const result = await queryable.query<PausedDestination>(
    `select name, reason, paused_at as "pausedAt" from paused_destinations order by name limit ${MAX_LISTED}`,
  );
  return result.rows;
}
