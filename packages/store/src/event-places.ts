import type { Pool } from 'pg';
import { type LookedRow, type Page, pageOf } from './bounded-look.ts';
import { COMMIT_SLACK_MS, conditionsOf, dayOf, type EventSearch, firstDay } from './event-search.ts';

/** Where an event is in the list: after it, or before. */
export interface EventPlace {
  /** ISO date. */
  readonly storedDay: string;
  readonly seq: string;
}

/** Before every place that there is, from the newest. */
export const NEWEST: EventPlace = { storedDay: 'infinity', seq: '0' };

export interface FoundPlace extends EventPlace {
  readonly storedAt: Date;
  readonly bodyBytes: number;
}

/** Places of events that match, the newest first, among the first rows before `before`. */
export async function findPlaces(
  queryable: Pick<Pool, 'query'>,
  search: EventSearch,
  { before, limit }: { readonly before: EventPlace; readonly limit: number },
): Promise<Page<FoundPlace>> {
  const { conditions, values, ofDeliveries, most } = conditionsOf(search, 5);
  const isFiltered = conditions.length > 0 || ofDeliveries !== '';
  // One more tells whether there are more.
  const lookedAt = isFiltered ? most : limit + 1;
  const part = (table: 'events' | 'kept_events') =>
    `(select stored_day, seq, id, source, tenant, type, dedup_key, ordering_key, received_at, stored_at,
             octet_length(body) as body_bytes from ${table}
       where (stored_day, seq) < ($1::date, $2::bigint) and stored_day >= $3::date
       order by stored_day desc, seq desc limit $4)`;
  const { rows } = await queryable.query<FoundPlace & LookedRow>(
    `with looked as materialized (
       select distinct on (stored_day, seq) * from (${part('events')} union all ${part('kept_events')}) both_tables
        order by stored_day desc, seq desc limit $4
     ), found as (
       select e.stored_day, e.seq, e.stored_at, e.body_bytes from looked e ${ofDeliveries}
        ${conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`}
        order by e.stored_day desc, e.seq desc limit $5
     ), last as (
       select stored_day, seq, stored_at, body_bytes from looked order by stored_day, seq limit 1
     )
     select stored_day::text as "storedDay", seq, stored_at as "storedAt", body_bytes as "bodyBytes", true as "isFound", 0 as looked from found
     union all
     select stored_day::text, seq, stored_at, body_bytes, false, (select count(*)::int from looked) from last
      order by "isFound" desc, "storedDay" desc, seq desc`,
    [before.storedDay, before.seq, firstDay(search), lookedAt, limit, ...values],
  );
  const page = pageOf(rows, { limit, lookedAt, keyOf: ({ storedDay, seq }) => `${storedDay}/${seq}` });
  const isOver = page.isCut && page.last !== null && isBefore(page.last.storedAt, search.storedSince);
  return isOver ? { ...page, last: null, isCut: false } : page;
}

function isBefore(time: Date, since: string | undefined): boolean {
  return since !== undefined && time.getTime() < Date.parse(since) - COMMIT_SLACK_MS;
}

/** The place that a list begins before which ends at a time. */
export async function placeBefore(queryable: Pick<Pool, 'query'>, storedUntil: string): Promise<EventPlace> {
  const ms = Date.parse(storedUntil) + COMMIT_SLACK_MS;
  const seq = await firstSeqAfter(queryable, ms);
  return { storedDay: dayOf(ms), seq: seq ?? String(2n ** 63n - 1n) };
}

/** The place that what was stored since a time comes behind; a minute of what is older does too. */
export async function placeSince(queryable: Pick<Pool, 'query'>, storedSince: string): Promise<EventPlace> {
  const ms = Date.parse(storedSince) - COMMIT_SLACK_MS;
  const storedDay = dayOf(ms);
  const seq = await firstSeqAfter(queryable, ms);
  if (seq !== null) return { storedDay, seq: String(BigInt(seq) - 1n) };
  // All that is kept of a day whose other events are gone: it is little, and its times are compared anyway.
  const part = (table: 'events' | 'kept_events') =>
    `(select stored_day, seq from ${table} where stored_day < $1::date order by stored_day desc, seq desc limit 1)`;
  const { rows } = await queryable.query<{ seq: string }>(
    `select seq from (${part('events')} union all ${part('kept_events')}) before order by seq desc limit 1`,
    [storedDay],
  );
  return { storedDay, seq: rows[0]?.seq ?? '0' };
}

/**
 * Of the events of its day the first that was stored after a time: found by halving, since places are in the order of times but for
 * the seconds that a transaction takes. Where all are older, the number behind the last one. null: the day has none.
 */
async function firstSeqAfter(queryable: Pick<Pool, 'query'>, ms: number): Promise<string | null> {
  const time = new Date(ms).toISOString();
  const { rows } = await queryable.query<{ seq: string }>(
    `with recursive bounds (low, high) as (
       select (select seq from events where stored_day = $1::date order by seq limit 1),
              (select seq + 1 from events where stored_day = $1::date order by seq desc limit 1)
     ), halved (low, high) as (
       select low, high from bounds
       union all
       select case when probe.stored_at > $2::timestamptz then low else probe.seq + 1 end,
              case when probe.stored_at > $2::timestamptz then (low + high) / 2 else high end
         from halved cross join lateral (
           select seq, stored_at from events where stored_day = $1::date and seq >= (low + high) / 2 order by seq limit 1) probe
        where low < high
     )
     select high::text as seq from halved where low >= high limit 1`,
    [dayOf(ms), time],
  );
  return rows[0]?.seq ?? null;
}
