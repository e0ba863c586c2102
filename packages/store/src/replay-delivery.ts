import type { Pool, PoolClient } from 'pg';
import { audit } from './audit.ts';
import { inTransaction } from './transaction.ts';

type FinishedState = 'parked' | 'delivered' | 'discarded';

export type ReplayResult =
  | { readonly kind: 'replayed'; readonly destination: string; readonly before: FinishedState }
  | { readonly kind: 'still-open'; readonly state: 'waiting' | 'due' | 'leased' }
  | { readonly kind: 'not-found' };

/** A delivery that ends or is parked at that very moment is looked for again. */
const REPLAY_LOOKS = 3;

/**
 * Makes a finished delivery due again, with a new schedule, marked as a replay. It stands outside the order of its key,
 * except where it is the one that blocks it: that one takes its old place.
 */
export async function replayDelivery(pool: Pool, id: string, actor: string): Promise<ReplayResult> {
  return inTransaction(pool, async client => {
    const result = await replay(client, id);
    if (result.kind === 'replayed') {
      const { destination, before } = result;
      const details = { destination, before, after: 'due' };
      await audit(client, { actor, action: 'delivery.replayed', subject: id, details });
    }
    return result;
  });
}

/** {@link replayDelivery} in a transaction of the caller's, who notes it. */
export async function replay(client: PoolClient, id: string): Promise<ReplayResult> {
  let state: string | undefined;
  for (let look = 0; look < REPLAY_LOOKS; look++) {
    const taken = (await replayParked(client, id)) ?? (await replayFinished(client, id));
    if (taken !== null) return { kind: 'replayed', ...taken };
    const found = await client.query<{ state: string }>('select state from all_deliveries where id = $1', [
      id,
    ]);
    state = found.rows[0]?.state;
    if (state === undefined) return { kind: 'not-found' };
    if (state === 'waiting' || state === 'due' || state === 'leased') return { kind: 'still-open', state };
  }
  throw new Error(`the delivery ${id} changes all the time (it is ${state})`);
}

interface Taken {
  readonly destination: string;
  readonly before: FinishedState;
}

async function replayParked(client: PoolClient, id: string): Promise<Taken | null> {
  const result = await client.query<Taken>(
    `update deliveries set state = 'due', due_at = clock_timestamp(), replay = true, tries = 0, interruptions = 0,
            park_reason = null, finished_at = null
      where id = $1 and state = 'parked' returning destination, 'parked' as before`,
    [id],
  );
  return result.rows[0] ?? null;
}

/** From the days of finished ones back to those that are open. */
async function replayFinished(client: PoolClient, id: string): Promise<Taken | null> {
  const result = await client.query<Taken>(
    `with back as (delete from finished_deliveries where id = $1 returning *),
          again as (${reopened('null')})
     select destination, state as before from back`,
    [id],
  );
  return result.rows[0] ?? null;
}

/** What `back` has taken from the finished ones, open again; `replayId`: of the replay that sends it, as SQL. */
export function reopened(replayId: string): string {
  return `insert into deliveries (id, stored_day, seq, event_id, source, tenant, route, destination, ordering_key, priority, state,
                                  due_at, attempts, replay, replay_id, body_bytes, created_at, transforms)
          select id, stored_day, seq, event_id, source, tenant, route, destination, ordering_key, priority, 'due',
                 clock_timestamp(), attempts, true, ${replayId},
                 coalesce((select octet_length(d.body) from delivery_edits d where d.delivery_id = back.id order by d.n desc limit 1),
                          (select octet_length(e.body) from events e
                            where e.stored_day = back.stored_day and e.seq = back.seq),
                          (select octet_length(k.body) from kept_events k
                            where k.stored_day = back.stored_day and k.seq = back.seq), 0),
                 created_at, transforms
            from back`;
}
