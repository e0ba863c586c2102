import type { Pool, PoolClient } from 'pg';
import { audit } from './audit.ts';
import { DESTINATIONS_CHANNEL, type DestinationStatus, resetDestinationState } from './destination-states.ts';
import { inTransaction } from './transaction.ts';

export interface PausedDestination {
  readonly name: string;
  readonly reason: string;
  readonly pausedAt: Date;
}

/** Pauses are few: made by people or by a destination's own 410. */
const MAX_LISTED = 1_000;

/** Holds the work of a destination until it is resumed; a pause that stands keeps its first reason, and then it returns false. */
export async function pauseDestination(
  pool: Pool,
  name: string,
  { reason, actor }: { readonly reason: string; readonly actor: string },
): Promise<boolean> {
  return inTransaction(pool, async client => {
    const result = await client.query(
      'insert into paused_destinations (name, reason) values ($1, $2) on conflict (name) do nothing',
      [name, reason],
    );
    if (result.rowCount !== 1) return false;
    const details = { before: 'active', after: 'paused', reason };
    await audit(client, { actor, action: 'destination.paused', subject: name, details });
    await tell(client, name);
    return true;
  });
}

/** Returns false where it was not paused. */
export async function resumeDestination(pool: Pool, name: string, actor: string): Promise<boolean> {
  return inTransaction(pool, async client => {
    const reason = await endPause(client, name);
    if (reason === null) return false;
    const details = { before: 'paused', after: 'active', reason };
    await audit(client, { actor, action: 'destination.resumed', subject: name, details });
    return true;
  });
}

/** Ends a pause, and closes the breaker: a person says that it was repaired. Returns false where it was neither paused nor in trouble. */
export async function enableDestination(pool: Pool, name: string, actor: string): Promise<boolean> {
  return inTransaction(pool, async client => {
    const reason = await endPause(client, name);
    const { rows } = await client.query<{ status: DestinationStatus; failures: number }>(
      'select status, failures from destination_states where name = $1 for update',
      [name],
    );
    const [state] = rows;
    const isInTrouble = state !== undefined && (state.status !== 'CLOSED' || state.failures > 0);
    if (reason === null && !isInTrouble) return false;
    if (isInTrouble) await resetDestinationState(client, name);
    const before = [
      ...(reason === null ? [] : ['paused']),
      ...(isInTrouble ? [`breaker ${state.status}`] : []),
    ];
    const details = { before: before.join(', '), after: 'active' };
    await audit(client, { actor, action: 'destination.enabled', subject: name, details });
    return true;
  });
}

/** Returns its reason; null: there was none. */
async function endPause(client: PoolClient, name: string): Promise<string | null> {
  const result = await client.query<{ reason: string }>(
    'delete from paused_destinations where name = $1 returning reason',
    [name],
  );
  const [pause] = result.rows;
  if (pause === undefined) return null;
  await tell(client, name);
  return pause.reason;
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

export interface DueWork {
  readonly name: string;
  readonly count: number;
  /** There are at least so many. */
  readonly hasMore: boolean;
}

/** Of each destination: a few thousand are as much as a person wants to know at a look. */
const MAX_COUNTED_DUE = 1_000;

/** What is due for each of these, now or later, without what a person sends again. By an index, up to a bound. */
export async function countDue(
  queryable: Pick<Pool, 'query'>,
  names: readonly string[],
): Promise<readonly DueWork[]> {
  const { rows } = await queryable.query<DueWork>(
    `select n.name, c.count, c.count = ${MAX_COUNTED_DUE} as "hasMore"
       from unnest($1::text[]) n (name) cross join lateral (
         select count(*)::int as count from (
           select from deliveries d where d.destination = n.name and d.state = 'due' and not d.replay
            order by d.tenant, d.priority, d.due_at, d.seq limit ${MAX_COUNTED_DUE}) first_due) c`,
    [names],
  );
  return rows;
}
