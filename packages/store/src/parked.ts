import type { Pool } from 'pg';
import { type LookedRow, type Page, pageOf } from './bounded-look.ts';
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
  /** Its destination and the last answer ("crm 503"), as migration 0003 makes it. */
  readonly cause: string;
  readonly tries: number;
  readonly parkedAt: Date;
  readonly blocks: boolean;
  readonly lastAttempt: AttemptRecord | null;
}

export interface ParkedFilter {
  readonly cause?: string;
  readonly destination?: string;
  readonly source?: string;
}

/** Deliveries that need a person, the newest first. */
export async function listParked(
  queryable: Pick<Pool, 'query'>,
  { cause, destination, source, limit }: ParkedFilter & { limit: number },
): Promise<readonly ParkedDelivery[]> {
  const result = await queryable.query<ParkedDelivery>(
    `select id, event_id as "eventId", source, tenant, route, destination, ordering_key as "orderingKey",
            coalesce(park_reason, '') as reason, park_cause as cause, tries, finished_at as "parkedAt", blocks,
            attempts -> -1 as "lastAttempt"
       from deliveries
      where state = 'parked' and ($2::text is null or park_cause = $2) and ($3::text is null or destination = $3)
        and ($4::text is null or source = $4)
      order by finished_at desc, id desc limit $1`,
    [limit, cause ?? null, destination ?? null, source ?? null],
  );
  return result.rows;
}

export interface ParkedSearch {
  readonly cause?: string | undefined;
  readonly destination?: string | undefined;
  readonly source?: string | undefined;
  readonly tenant?: string | undefined;
}

/** Where a parked delivery is in the list: PostgreSQL's own words for the time, which are exact. */
export interface ParkedPlace {
  readonly at: string;
  readonly id: string;
}

/** Rows that one look reads of the index and the table. */
const LOOKED_AT = 10_000;

/** {@link listParked} by pages: those before `before`; null: from the newest. By a cause, or by time, with an index for each. */
export async function pageParked(
  queryable: Pick<Pool, 'query'>,
  { cause, destination, source, tenant }: ParkedSearch,
  { before, limit }: { readonly before: ParkedPlace | null; readonly limit: number },
): Promise<Page<ParkedDelivery & { readonly place: ParkedPlace }>> {
  const { at, id } = before ?? NEWEST_PARKED;
  const isFiltered = destination !== undefined || source !== undefined || tenant !== undefined;
  const lookedAt = isFiltered ? LOOKED_AT : limit + 1;
  const byCause = cause === undefined ? '$3::text is null' : 'park_cause = $3::text';
  const columns = `id, event_id as "eventId", source, tenant, route, destination, ordering_key as "orderingKey",
    coalesce(park_reason, '') as reason, park_cause as cause, tries, finished_at as "parkedAt", blocks, attempts -> -1 as "lastAttempt"`;
  const { rows } = await queryable.query<ParkedDelivery & { readonly place: ParkedPlace } & LookedRow>(
    `with looked as materialized (
       select finished_at as at, id, destination, source, tenant from deliveries
        where state = 'parked' and ${byCause} and (finished_at, id) < ($1::timestamptz, $2::uuid)
        order by finished_at desc, id desc limit $4
     ), found as (
       select at, id, true as "isFound", 0 as looked from looked
        where ($5::text is null or destination = $5) and ($6::text is null or source = $6) and ($7::text is null or tenant = $7)
        order by at desc, id desc limit $8
     ), last as (
       select at, id, false, (select count(*)::int from looked) from looked order by at, id limit 1
     )
     select d.*, p."isFound", p.looked, jsonb_build_object('at', p.at::text, 'id', p.id) as place
       from (select * from found union all select * from last) p
      cross join lateral (select ${columns} from deliveries where deliveries.id = p.id) d
      order by p."isFound" desc, p.at desc, p.id desc`,
    [at, id, cause, lookedAt, destination, source, tenant, limit],
  );
  return pageOf(rows, { limit, lookedAt, keyOf: row => row.id });
}

/** Before every place that there is. */
const NEWEST_PARKED: ParkedPlace = { at: 'infinity', id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' };

/** What is parked is counted up to here: a tenth of a second, and for a tenant up to some more than one where the table was not vacuumed yet. */
const MAX_COUNTED = 100_000;
const COUNTED_AT_ONCE = 1_000;

export interface CountedParked {
  readonly count: number;
  /** `count` is where counting ended: there are at least so many. */
  readonly hasMore: boolean;
}

/** All that is parked, or what is of a tenant. */
export async function countParkedUpTo(
  queryable: Pick<Pool, 'query'>,
  tenant: string | null,
): Promise<CountedParked> {
  const { rows } = await queryable.query<{ count: number }>(
    tenant === null ? { text: COUNT_ALL } : { text: COUNT_OF_TENANT, values: [tenant] },
  );
  const count = Math.min(rows[0]?.count ?? 0, MAX_COUNTED);
  return { count, hasMore: count === MAX_COUNTED };
}

const COUNT_ALL = `select count(*)::int as count from (
  select from deliveries where state = 'parked' order by finished_at limit ${MAX_COUNTED}) first`;

const behind = (place: string) => `
  select park_cause as cause, finished_at as at, id from deliveries
   where state = 'parked' and tenant = $1::text and (park_cause, finished_at, id) > (${place}.cause, ${place}.at, ${place}.id)
   order by park_cause, finished_at, id`;

/**
 * Jumps along the index of tenants, and counts what is behind the last jump. A jump is so short that no other way is cheaper: who asked
 * for 100,000 of a tenant that has much, and nothing parked, looked through all that is parked.
 */
const COUNT_OF_TENANT = `
  with recursive jump (cause, at, id, n) as (
    select '', '-infinity'::timestamptz, '00000000-0000-0000-0000-000000000000'::uuid, 0
    union all
    select next.*, jump.n + 1
      from jump cross join lateral (${behind('jump')} offset ${COUNTED_AT_ONCE - 1} limit 1) next
     where jump.n < ${MAX_COUNTED / COUNTED_AT_ONCE}
  ), last as (select * from jump order by n desc limit 1)
  select n * ${COUNTED_AT_ONCE} + (select count(*)::int from (${behind('last')} limit ${COUNTED_AT_ONCE}) rest) as count from last`;
