import type { Pool } from 'pg';
import { listDestinationsWithWork } from './destinations.ts';
import { inTransaction } from './transaction.ts';

/**
 * How much work there is, for metrics and `ackline top`: read every some seconds, so each look is bounded, whatever is there.
 *
 * WF1. Each part reads the first entries of an index and stops at its limit; no part reads a table from end to end. With 100,000
 *      open deliveries of one destination and 100,000 parked ones that is 200,000 entries, some tenths of a second.
 * WF2. What is open is counted per destination, each with its own share of MAX_COUNTED: one with a large backlog hides no other.
 *      A number at its limit (`hasMore`) means "at least so many". The oldest is then that of the first ones by due time, of each tenant
 *      in turn, and so nearly the oldest. What a person sends again is of any age, and has none.
 */
export const MAX_COUNTED = 100_000;
/** However many destinations there are, so many of each are counted. */
const LEAST_COUNTED = 100;
/** Fewer would hide a trouble behind a cut; more are not looked at by anybody. */
const MAX_CAUSES = 500;

/**
 * (WF1) The planner weighs a sort of everything against the order of the index, and takes the sort where the limit is a large part of
 * all: then a larger backlog would cost more.
 */
export const BY_INDEX =
  'set local enable_seqscan = off; set local enable_bitmapscan = off; set local enable_sort = off';

export interface WorkCounts {
  readonly open: readonly OpenWork[];
  readonly parked: readonly ParkedCount[];
  readonly unrouted: Waiting;
  readonly quarantined: number;
}

/** All of it, in one transaction; also what destinations have that are configured no longer. */
export async function countWork(pool: Pool, configured: readonly string[]): Promise<WorkCounts> {
  return inTransaction(pool, async client => {
    await client.query(BY_INDEX);
    const withWork = await listDestinationsWithWork(client);
    return {
      open: await countOpenWork(client, [...new Set([...configured, ...withWork])]),
      parked: await countParked(client),
      unrouted: await countUnrouted(client),
      quarantined: await countQuarantined(client),
    };
  });
}

export type OpenState = 'waiting' | 'due' | 'leased' | 'replay';

export interface OpenWork {
  readonly destination: string;
  /** `replay`: due, and sent again by a person. */
  readonly state: OpenState;
  readonly count: number;
  readonly hasMore: boolean;
  /** Since the oldest of them was stored; null: all of them are sent again. */
  readonly oldestS: number | null;
}

/** What is open at these destinations, by state, and what is leased at whichever; those with none are left out (WF2). */
export async function countOpenWork(
  queryable: Pick<Pool, 'query'>,
  destinations: readonly string[],
): Promise<readonly OpenWork[]> {
  const limit = Math.max(LEAST_COUNTED, Math.floor(MAX_COUNTED / Math.max(1, destinations.length)));
  // The order is that of the partial index of each state, so that it is what is read, from its front (WF1).
  const part = (state: OpenState, condition: string, order: string) =>
    `select n.name as destination, '${state}' as state, c.count, c.count = $2 as more, c.oldest from unnest($1::text[]) as n (name)
      cross join lateral (
        select count(*)::int as count, min(created_at) filter (where not replay) as oldest from (
          select d.created_at, d.replay from deliveries d
           where d.destination = n.name and ${condition} order by ${order} limit $2) first) c`;
  const result = await queryable.query<OpenWork>({
    name: 'work-open',
    text: `select destination, state, count, more as "hasMore", extract(epoch from now() - oldest)::float8 as "oldestS" from (
             ${part('due', "d.state = 'due' and not d.replay", 'd.tenant, d.priority, d.due_at, d.seq')}
             union all
             ${part('replay', "d.state = 'due' and d.replay", 'd.due_at, d.seq')}
             union all
             ${part('waiting', "d.state = 'waiting'", 'd.source, d.ordering_key, d.seq')}
             union all
             select destination, 'leased', count(*)::int, sum(count(*)) over () = ${MAX_COUNTED},
                    min(created_at) filter (where not replay) from (
               select d.destination, d.created_at, d.replay from deliveries d
                where d.state = 'leased' order by d.lease_until limit ${MAX_COUNTED}) leased
              group by destination
           ) parts where count > 0`,
    values: [destinations, limit],
  });
  return result.rows;
}

export interface ParkedCount {
  /** A cause is of one destination. */
  readonly destination: string;
  readonly cause: string;
  readonly count: number;
  readonly hasMore: boolean;
}

/** Causes of what is parked, the most frequent first. It jumps from cause to cause, and counts each to its share of MAX_COUNTED. */
export async function countParked(queryable: Pick<Pool, 'query'>): Promise<readonly ParkedCount[]> {
  const result = await queryable.query<ParkedCount>({
    name: 'work-parked',
    text: `with recursive cause (name, destination, n) as (
             (select park_cause, destination, 1 from deliveries where state = 'parked' order by park_cause limit 1)
             union all
             select next.park_cause, next.destination, cause.n + 1 from cause cross join lateral (
               select d.park_cause, d.destination from deliveries d
                where d.state = 'parked' and d.park_cause > cause.name order by d.park_cause limit 1) next
              where cause.n < ${MAX_CAUSES}
           ), share (most) as (select greatest(${LEAST_COUNTED}, ${MAX_COUNTED} / nullif(count(*), 0)) from cause)
           select cause.destination, cause.name as cause, counted.count, counted.count = share.most as "hasMore"
             from share cross join cause cross join lateral (
             select count(*)::int as count from (
               select from deliveries d where d.state = 'parked' and d.park_cause = cause.name
                order by d.finished_at limit share.most) first) counted
            order by counted.count desc, cause.name`,
  });
  return result.rows;
}

export interface Waiting {
  readonly count: number;
  /** null: there are none. */
  readonly oldestS: number | null;
}

/** What waits in the inbox. */
export async function countInbox(queryable: Pick<Pool, 'query'>): Promise<Waiting> {
  const result = await queryable.query<Waiting>({
    name: 'work-inbox',
    text: `select count(*)::int as count, extract(epoch from now() - min(appended_at))::float8 as "oldestS" from (
             select appended_at from inbox order by n limit ${MAX_COUNTED}) first`,
  });
  return result.rows[0] ?? { count: 0, oldestS: null };
}

/** Events whose source no processor knew: those are looked for by source, and so is the oldest of the first ones. */
export async function countUnrouted(queryable: Pick<Pool, 'query'>): Promise<Waiting> {
  const result = await queryable.query<Waiting>({
    name: 'work-unrouted',
    text: `select count(*)::int as count, extract(epoch from now() - min(stored_at))::float8 as "oldestS" from (
             select stored_at from unrouted_events order by source, seq limit ${MAX_COUNTED}) first`,
  });
  return result.rows[0] ?? { count: 0, oldestS: null };
}

export async function countQuarantined(queryable: Pick<Pool, 'query'>): Promise<number> {
  const result = await queryable.query<{ count: number }>({
    name: 'work-quarantined',
    text: `select count(*)::int as count from (select from quarantine order by id limit ${MAX_COUNTED}) first`,
  });
  return result.rows[0]?.count ?? 0;
}
