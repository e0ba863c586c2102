import type { Pool, PoolClient } from 'pg';
import { LONGEST_LEASE_MS, MAX_INTERRUPTIONS, MAX_KEPT_ATTEMPTS, MAY_BLOCK } from './deliveries.ts';
import { type Finished, freedKey, promote } from './delivery-outcomes.ts';
import { inTransaction } from './transaction.ts';

/** Expired leases that one sweep takes back. */
const SWEEP_LIMIT = 500;

export interface SweptLeases {
  readonly interrupted: number;
  readonly parked: readonly ParkedBySweep[];
}

export interface ParkedBySweep {
  readonly destination: string;
  readonly source: string;
  readonly tenant: string;
}

/** Destinations by what becomes of a key whose delivery is parked. */
export type OnPark = Readonly<Record<'block' | 'continue', readonly string[]>>;

/**
 * Takes back leases that ended without an outcome: recorded as interrupted and tried again; the tenth parks, and holds
 * its key where the destination says so. Of a destination that is in neither list nobody here knows that: its delivery stays due and
 * keeps its place, until somebody who knows parks it.
 */
export async function sweepExpiredLeases(pool: Pool, onPark: OnPark): Promise<SweptLeases> {
  return inTransaction(pool, async client => {
    const swept = await takeBack(client, onPark);
    await promote(client, swept.flatMap(freedKey)); // (H4)
    const parked = swept
      .filter(row => row.state === 'parked')
      .map(({ destination, source, tenant }) => ({ destination, source, tenant }));
    return { interrupted: swept.length, parked };
  });
}

/** Skips what somebody has locked, so it waits for nobody, and needs no order of locks (H3). */
async function takeBack(
  client: PoolClient,
  onPark: OnPark,
): Promise<readonly (Finished & { readonly state: string; readonly tenant: string })[]> {
  const parks = `(d.interruptions + 1 >= ${MAX_INTERRUPTIONS} and d.destination = any($1::text[] || $2::text[]))`;
  const blocks = `d.blocks or (${parks} and d.destination = any($1::text[]) and ${MAY_BLOCK})`;
  const result = await client.query<Finished & { state: string; tenant: string }>({
    name: 'deliveries-sweep',
    text: `with expired as (
             select id, followed from deliveries
              where state = 'leased' and (lease_until < now() or lease_until > now() + interval '${LONGEST_LEASE_MS} ms')
              order by lease_until limit ${SWEEP_LIMIT} for update skip locked
           )
           update deliveries d
              set state = case when ${parks} then 'parked' else 'due' end,
                  park_reason = case when ${parks} then 'interrupted' end,
                  finished_at = case when ${parks} then clock_timestamp() end,
                  blocks = ${blocks},
                  followed = d.followed and (${blocks} or not ${parks}),
                  due_at = clock_timestamp(), lease_id = null, lease_until = null, interruptions = d.interruptions + 1,
                  attempts = (case when jsonb_array_length(d.attempts) >= ${MAX_KEPT_ATTEMPTS} then d.attempts - 0
                                   else d.attempts end)
                             || jsonb_build_object('at', to_json(clock_timestamp())#>>'{}', 'ms', null,
                                  'outcome', 'interrupted', 'status', null, 'error', 'interrupted', 'excerpt', null)
             from expired where d.id = expired.id
           returning d.id, d.destination, d.source, d.tenant, d.ordering_key as "orderingKey", d.state,
                     expired.followed and not d.followed as frees`,
    values: [onPark.block, onPark.continue],
  });
  return result.rows;
}
