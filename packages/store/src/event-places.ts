import type { Pool } from 'pg';
import { type LookedRow, type Page, pageOf } from './bounded-look.ts';

/** Where an event is in the list: after it, or before. */
export interface EventPlace {
  /** ISO date. */
  readonly storedDay: string;
  readonly seq: string;
}

/** Before every place that there is, from the newest. */
export const NEWEST: EventPlace = { storedDay: 'infinity', seq: '0' };

export type DeliveryState = 'waiting' | 'due' | 'leased' | 'delivered' | 'parked' | 'discarded';

/** All that is given must hold. Times are ISO. */
export interface EventSearch {
  readonly source?: string | undefined;
  readonly tenant?: string | undefined;
  readonly type?: string | undefined;
  readonly dedupKey?: string | undefined;
  readonly orderingKey?: string | undefined;
  readonly receivedSince?: string | undefined;
  readonly receivedUntil?: string | undefined;
  readonly storedSince?: string | undefined;
  readonly storedUntil?: string | undefined;
  /** With a delivery that is both. */
  readonly destination?: string | undefined;
  readonly state?: DeliveryState | undefined;
}

export interface FoundPlace extends EventPlace {
  readonly storedAt: Date;
  readonly bodyBytes: number;
}

/** Rows that one look reads of an index and its table, some ten milliseconds: what a filter leaves of them is found behind its cursor. */
const LOOKED_AT = 10_000;
/** Each of these is looked for among the deliveries too. */
const LOOKED_AT_WITH_DELIVERIES = 2_000;
/** A transaction stores with the time of its start, and commits seconds later: so far a place may be from its time. */
const COMMIT_SLACK_MS = 60_000;
/** Between the clocks of ingresses and that of the database. */
const CLOCK_SLACK_DAYS = 1;
const MS_PER_DAY = 86_400_000;

const OPEN_STATES: ReadonlySet<DeliveryState> = new Set(['waiting', 'due', 'leased', 'parked']);

/** Places of events that match, the newest first, among the first rows before `before`. */
export async function findPlaces(
  queryable: Pick<Pool, 'query'>,
  search: EventSearch,
  { before, limit }: { readonly before: EventPlace; readonly limit: number },
): Promise<Page<FoundPlace>> {
  const { conditions, values, ofDeliveries } = conditionsOf(search);
  const isFiltered = conditions.length > 0 || ofDeliveries !== '';
  // One more tells whether there are more.
  const most = ofDeliveries === '' ? LOOKED_AT : LOOKED_AT_WITH_DELIVERIES;
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

interface Conditions {
  readonly conditions: readonly string[];
  /** From $6 on. */
  readonly values: readonly string[];
  /** A join that leaves the events with such a delivery; empty: none is asked for. */
  readonly ofDeliveries: string;
}

function conditionsOf(search: EventSearch): Conditions {
  const values: string[] = [];
  const add = (value: string) => `$${values.push(value) + 5}`;
  const conditions: string[] = [];
  const where = (value: string | undefined, condition: (parameter: string) => string) => {
    if (value !== undefined) conditions.push(condition(add(value)));
  };
  where(search.source, parameter => `e.source = ${parameter}::text`);
  where(search.tenant, parameter => `e.tenant = ${parameter}::text`);
  where(search.type, parameter => `e.type = ${parameter}::text`);
  where(search.dedupKey, parameter => `e.dedup_key = ${parameter}::text`);
  where(search.orderingKey, parameter => `e.ordering_key = ${parameter}::text`);
  where(search.receivedSince, parameter => `e.received_at >= ${parameter}::timestamptz`);
  where(search.receivedUntil, parameter => `e.received_at <= ${parameter}::timestamptz`);
  where(search.storedSince, parameter => `e.stored_at >= ${parameter}::timestamptz`);
  where(search.storedUntil, parameter => `e.stored_at <= ${parameter}::timestamptz`);
  return { conditions, ofDeliveries: deliveryJoin(search, add), values };
}

/**
 * A lateral look for each event. With EXISTS the planner may choose to hash all deliveries, however many there are.
 */
function deliveryJoin({ destination, state }: EventSearch, add: (value: string) => string): string {
  if (destination === undefined && state === undefined) return '';
  const asked = [
    ...(destination === undefined ? [] : [`d.destination = ${add(destination)}::text`]),
    ...(state === undefined ? [] : [`d.state = ${add(state)}::text`]),
  ].join(' and ');
  const open = `select 1 from deliveries d where d.event_id = e.id and ${asked}`;
  const finished = `select 1 from finished_deliveries d where d.event_id = e.id and d.stored_day = e.stored_day and ${asked}`;
  const looks = state === undefined ? [open, finished] : [OPEN_STATES.has(state) ? open : finished];
  return `cross join lateral (select 1 from (${looks.join(' union all ')}) d limit 1) of_delivery`;
}

/** No event of an earlier day matches. */
function firstDay({ storedSince, receivedSince }: EventSearch): string {
  const times = [
    ...(storedSince === undefined ? [] : [Date.parse(storedSince)]),
    ...(receivedSince === undefined ? [] : [Date.parse(receivedSince) - CLOCK_SLACK_DAYS * MS_PER_DAY]),
  ];
  return times.length === 0 ? '-infinity' : dayOf(Math.max(...times) - COMMIT_SLACK_MS);
}

const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);

/**
 * The place that a list begins before which ends at a time: found by halving, since places are in the order of times but for the
 * seconds that a transaction takes.
 */
export async function placeBefore(queryable: Pick<Pool, 'query'>, storedUntil: string): Promise<EventPlace> {
  const time = new Date(Date.parse(storedUntil) + COMMIT_SLACK_MS).toISOString();
  const storedDay = time.slice(0, 10);
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
    [storedDay, time],
  );
  return { storedDay, seq: rows[0]?.seq ?? String(2n ** 63n - 1n) };
}
