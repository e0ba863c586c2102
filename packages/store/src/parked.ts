import type { Pool } from 'pg';
import type { AttemptRecord } from './deliveries.ts';

export interface ParkedDelivery {
  readonly id: string;
  readonly eventId: string;
  readonly source: string;
  readonly tenant: string;
  readonly route: string;
  readonly destination: string;
  readonly orderingKey: string | null;
  readonly reason: string;
  readonly tries: number;
  readonly parkedAt: Date;
  readonly blocks: boolean;
  readonly lastAttempt: AttemptRecord | null;
}

/** Deliveries that need a person, the newest first. */
export async function listParked(
  queryable: Pick<Pool, 'query'>,
  options: { limit: number },
): Promise<readonly ParkedDelivery[]> {
  const result = await queryable.query<ParkedDelivery>(
    `select id, event_id as "eventId", source, tenant, route, destination, ordering_key as "orderingKey",
            coalesce(park_reason, '') as reason, tries, finished_at as "parkedAt", blocks, attempts -> -1 as "lastAttempt"
       from deliveries where state = 'parked' order by finished_at desc limit $1`,
    [options.limit],
  );
  return result.rows;
}

export type ReplayResult =
  | { readonly kind: 'replayed'; readonly destination: string }
  | { readonly kind: 'still-open'; readonly state: 'due' | 'leased' }
  | { readonly kind: 'not-found' };

/**
 * Makes a finished delivery due again, with a new schedule, marked as a replay. It stands outside the order of its key,
 * except where it is the one that blocks it: that one takes its old place.
 */
export async function replayDelivery(pool: Pool, id: string): Promise<ReplayResult> {
  const result = await pool.query<{ destination: string }>(
    `update deliveries set state = 'due', due_at = clock_timestamp(), replay = true, tries = 0, interruptions = 0,
            park_reason = null, finished_at = null
      where id = $1 and state in ('parked', 'delivered', 'discarded') returning destination`,
    [id],
  );
  const replayed = result.rows[0];
  if (replayed !== undefined) return { kind: 'replayed', destination: replayed.destination };
  const found = await pool.query<{ state: 'due' | 'leased' }>('select state from deliveries where id = $1', [
    id,
  ]);
  const state = found.rows[0]?.state;
  return state === undefined ? { kind: 'not-found' } : { kind: 'still-open', state };
}

/**
 * Gives a parked delivery up: it counts as finished, and a key that waited for it goes on. False where there is no parked
 * delivery with this id. It can still be replayed.
 */
export async function discardDelivery(queryable: Pick<Pool, 'query'>, id: string): Promise<boolean> {
  const result = await queryable.query(
    `update deliveries set state = 'discarded', blocks = false, finished_at = clock_timestamp()
      where id = $1 and state = 'parked'`,
    [id],
  );
  return result.rowCount === 1;
}
