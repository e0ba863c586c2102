import type { Pool } from 'pg';

/** All that is parked for one reason: what one repair, and one replay or discard, is for. */
export interface ParkedCause {
  readonly cause: string;
  readonly destination: string;
  readonly count: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
  /** The delivery that was parked last. */
  readonly exampleId: string;
}

/**
 * Causes of what is parked, the most frequent first. It counts all that is parked, by an index alone: a connection with a longer
 * limit than usual is for it.
 */
export async function listCauses(
  queryable: Pick<Pool, 'query'>,
  { destination, limit }: { readonly destination?: string; readonly limit: number },
): Promise<readonly ParkedCause[]> {
  const result = await queryable.query<ParkedCause>(
    `with counted as (
       select park_cause, count(*)::int as count, min(finished_at) as first_at, max(finished_at) as last_at
         from deliveries where state = 'parked' and ($2::text is null or destination = $2)
        group by park_cause order by count desc, park_cause limit $1
     )
     select park_cause as cause, example.destination, count, first_at as "firstAt", last_at as "lastAt",
            example.id as "exampleId"
       from counted c
      cross join lateral (select d.id, d.destination from deliveries d
                           where d.state = 'parked' and d.park_cause = c.park_cause
                           order by d.finished_at desc, d.id desc limit 1) example
      order by count desc, cause`,
    [limit, destination ?? null],
  );
  return result.rows;
}

export interface CountedCause {
  readonly count: number;
  /** By PostgreSQL's clock, in its words: what is parked later was not counted. */
  readonly countedAt: string;
}

export async function countCause(queryable: Pick<Pool, 'query'>, cause: string): Promise<CountedCause> {
  const result = await queryable.query<CountedCause>(
    `select count(*)::int as count, now()::text as "countedAt"
       from deliveries where state = 'parked' and park_cause = $1`,
    [cause],
  );
  return result.rows[0] ?? { count: 0, countedAt: '-infinity' };
}

/** Counted up to here: see {@link readCauses}. */
export interface ReadCause extends ParkedCause {
  /** `count` is where counting ended: there are at least so many. */
  readonly hasMore: boolean;
}

export interface ShownCause extends ReadCause {
  /** Of `exampleId`. */
  readonly exampleEventId: string;
}

/** All causes together: some tenths of a second. */
const MAX_COUNTED = 100_000;
const LEAST_COUNTED = 100;
const MAX_CAUSES = 500;

/**
 * Causes of what is parked, of all tenants or of one, within the limit of any statement: it jumps from cause to cause by an index,
 * and counts each to its share of a bound. `between` and the order leave the planner no other index: one by time alone is walked whole
 * for each cause.
 */
export async function readCauses(
  queryable: Pick<Pool, 'query'>,
  tenant: string | null,
): Promise<readonly ShownCause[]> {
  const parked =
    tenant === null
      ? "d.state = 'parked' and $1::text is null"
      : "d.state = 'parked' and d.tenant = $1::text";
  const { rows } = await queryable.query<ShownCause>(
    `with recursive cause (name, destination, n) as (
       (select d.park_cause, d.destination, 1 from deliveries d where ${parked} order by d.park_cause limit 1)
       union all
       select next.park_cause, next.destination, cause.n + 1 from cause cross join lateral (
         select d.park_cause, d.destination from deliveries d
          where ${parked} and d.park_cause > cause.name order by d.park_cause limit 1) next
        where cause.n < ${MAX_CAUSES}
     ), share (most) as (select greatest(${LEAST_COUNTED}, ${MAX_COUNTED} / nullif(count(*), 0)) from cause)
     select cause.name as cause, cause.destination, counted.count, counted.count = share.most as "hasMore",
            first.at as "firstAt", last.at as "lastAt", last.id as "exampleId", last.event_id as "exampleEventId"
       from share cross join cause
      cross join lateral (
        select count(*)::int as count from (
          select from deliveries d where ${parked} and d.park_cause between cause.name and cause.name
           order by d.park_cause, d.finished_at, d.id limit share.most) shared) counted
      cross join lateral (
        select d.finished_at as at from deliveries d
         where ${parked} and d.park_cause = cause.name order by d.finished_at, d.id limit 1) first
      cross join lateral (
        select d.finished_at as at, d.id, d.event_id from deliveries d
         where ${parked} and d.park_cause = cause.name order by d.finished_at desc, d.id desc limit 1) last
      order by counted.count desc, cause.name`,
    [tenant],
  );
  return rows;
}
