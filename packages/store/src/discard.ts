import type { Pool, PoolClient } from 'pg';
import { audit } from './audit.ts';
import { type Finished, freedKey, promote } from './delivery-outcomes.ts';
import { inTransaction } from './transaction.ts';

/** What one transaction discards: well within the limit of a statement. */
const DISCARD_BATCH = 500;

/**
 * Gives a parked delivery up: it counts as finished, and a key that waited for it goes on. False where there is no parked
 * delivery with this id. It can still be replayed.
 */
export async function discardDelivery(pool: Pool, id: string, actor: string): Promise<boolean> {
  return inTransaction(pool, async client => {
    const [discarded] = await discard(client, 'id = $1', [id]);
    if (discarded === undefined) return false;
    const { destination } = discarded;
    const details = { destination, before: 'parked', after: 'discarded' };
    await audit(client, { actor, action: 'delivery.discarded', subject: id, details });
    return true;
  });
}

export interface DiscardBatch {
  readonly actor: string;
  readonly cause: string;
  /** What was parked later stays: nobody has seen it. */
  readonly parkedUntil: string;
  /** Of its deliveries alone; null: of all. */
  readonly tenant: string | null;
}

/** {@link discardDelivery} for the oldest of what is parked for a cause, in one transaction; returns how many. */
export async function discardBatch(
  pool: Pool,
  { actor, cause, parkedUntil, tenant }: DiscardBatch,
): Promise<number> {
  const ofTenant = tenant === null ? '$3::text is null' : 'tenant = $3::text';
  const first = `id in (select id from deliveries
                         where state = 'parked' and park_cause = $1 and finished_at <= $2::timestamptz and ${ofTenant}
                         order by finished_at, id limit ${DISCARD_BATCH})`;
  return inTransaction(pool, async client => {
    const { length } = await discard(client, first, [cause, parkedUntil, tenant]);
    if (length > 0) {
      const ofOne = tenant === null ? {} : { tenant };
      const details = { deliveries: length, ...ofOne, before: 'parked', after: 'discarded' };
      await audit(client, { actor, action: 'delivery.discarded', subject: cause, details });
    }
    return length;
  });
}

export interface DiscardCauseOptions extends Omit<DiscardBatch, 'tenant'> {
  /** Told how many are discarded so far, after each transaction. */
  readonly onProgress?: (discarded: number) => void;
}

/** {@link discardBatch} for all that is parked for a cause, whoever's it is; returns how many. */
export async function discardCause(
  pool: Pool,
  { onProgress, ...batch }: DiscardCauseOptions,
): Promise<number> {
  let total = 0;
  for (;;) {
    const count = await discardBatch(pool, { ...batch, tenant: null });
    if (count === 0) return total;
    total += count;
    onProgress?.(total);
  }
}

/** The parked ones of those that `which` names. */
async function discard(
  client: PoolClient,
  which: string,
  values: readonly unknown[],
): Promise<readonly Finished[]> {
  const result = await client.query<Finished>(
    `with mine as materialized (
       select id from deliveries where state = 'parked' and ${which}
        order by destination, source, ordering_key, id for update -- (H3)
     ), gone as (
       delete from deliveries d using mine where d.id = mine.id returning d.*
     ), kept as (
       insert into finished_deliveries (stored_day, id, seq, event_id, source, tenant, route, destination, ordering_key,
                                        priority, state, due_at, tries, interruptions, attempts, park_reason, replay,
                                        created_at, finished_at, transforms)
       select stored_day, id, seq, event_id, source, tenant, route, destination, ordering_key, priority, 'discarded',
              due_at, tries, interruptions, attempts, park_reason, replay, created_at, clock_timestamp(),
              transforms
         from gone
     ), ended as (
       insert into replay_ends (replay_id, discarded)
       select replay_id, count(*) from gone where replay_id is not null group by replay_id
     )
     select id, destination, source, ordering_key as "orderingKey", followed as frees from gone`,
    [...values],
  );
  await promote(client, result.rows.flatMap(freedKey)); // (H4)
  return result.rows;
}
