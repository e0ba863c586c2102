import type { Pool } from 'pg';
import type { EventPlace, FoundPlace } from './event-places.ts';
import { conditionsOf, type EventSearch, firstDay } from './event-search.ts';
import { STORED_DAYS } from './stored-days.ts';

export interface AfterRange {
  /** Not included. */
  readonly after: EventPlace;
  /** Included: a number that is final (EF2). */
  readonly until: EventPlace;
  readonly limit: number;
}

export interface PlacesAfter {
  /** In the order of `seq`. */
  readonly found: readonly FoundPlace[];
  /** The look came so far: all that matches up to here is in `found`. */
  readonly end: EventPlace;
}

/**
 * The next places of events that match. A look takes a window of numbers, from the first event on, and no more than its bound of rows
 * (bounded-look.ts): so it costs the same whatever the filter leaves, and what is not there costs nothing.
 */
export async function findPlacesAfter(
  queryable: Pick<Pool, 'query'>,
  search: EventSearch,
  { after, until, limit }: AfterRange,
): Promise<PlacesAfter> {
  const fromDay = firstDay(search);
  const first = await findFirst(queryable, { after, until, fromDay });
  if (first === null) return { found: [], end: laterPlace(after, until) };
  const { conditions, values, ofDeliveries, most } = conditionsOf(search, 4);
  const last = lesserOf(BigInt(first.seq) + BigInt(most) - 1n, BigInt(until.seq));
  const { rows } = await queryable.query<FoundPlace>(
    `select distinct on (seq) stored_day::text as "storedDay", seq, stored_at as "storedAt", body_bytes as "bodyBytes"
       from (${byDays(
         table => `select e.stored_day, e.seq, e.stored_at, octet_length(e.body) as body_bytes from ${table} e ${ofDeliveries}
           where ${['e.stored_day = d.day', 'e.seq >= $1::bigint', 'e.seq <= $2::bigint', ...conditions].join(' and ')}
           order by e.seq limit $4`,
       )}) both_tables
      order by seq limit $4`,
    [first.seq, String(last), fromDay, limit, ...values],
  );
  const lastFound = rows.at(-1);
  if (rows.length === limit && lastFound !== undefined) return { found: rows, end: lastFound };
  return {
    found: rows,
    end: last === BigInt(until.seq) ? until : { storedDay: first.storedDay, seq: String(last) },
  };
}

/** The first event of a range, whatever it is: numbers before it belong to nothing. */
async function findFirst(
  queryable: Pick<Pool, 'query'>,
  { after, until, fromDay }: Omit<AfterRange, 'limit'> & { readonly fromDay: string },
): Promise<EventPlace | null> {
  const { rows } = await queryable.query<EventPlace>(
    `select stored_day::text as "storedDay", seq
       from (${byDays(
         table => `select stored_day, seq from ${table}
           where stored_day = d.day and seq > $1::bigint and seq <= $2::bigint order by seq limit 1`,
       )}) both_tables
      order by seq limit 1`,
    [after.seq, until.seq, fromDay],
  );
  return rows[0] ?? null;
}

/** Each day of either table is asked by its index, which begins with the day. While a day is being dropped, some are in both. */
function byDays(ofDay: (table: 'events' | 'kept_events') => string): string {
  const part = (table: 'events' | 'kept_events') =>
    `select e.* from (${STORED_DAYS[table]}) d cross join lateral (${ofDay(table)}) e where d.day >= $3::date`;
  return `${part('events')} union all ${part('kept_events')}`;
}

const lesserOf = (n: bigint, other: bigint) => (n < other ? n : other);
const laterPlace = (place: EventPlace, other: EventPlace) =>
  BigInt(place.seq) > BigInt(other.seq) ? place : other;
