/**
 * What days that were dropped have left: finished deliveries, bodies that a person sent, kept events. It is looked through piece by
 * piece, since what is parked is kept without end: a piece costs the same however much there is, and however many rows of it stay.
 */
import type { Pool } from 'pg';
import { expired, REPLAYS_NOTHING_OF } from './retention.ts';

/** What ends after its day was dropped is shown, and can be replayed, for so long. */
const AFTER_END = '1 day';
/** Rows that a statement looks at; of edits each costs a look into every day. */
const LOOKED_AT = 10_000;
const EDITS_LOOKED_AT = 1_000;

/** Of a row in its table. */
type Place = readonly [one: string, two: string];

interface KeptTable {
  readonly name: 'finished' | 'edits' | 'events';
  /** $1 and $2: the place behind which it looks; $3, where `byDays`: how many days are kept. */
  readonly text: string;
  readonly byDays: boolean;
  /** Before any row. */
  readonly start: Place;
}

/** Where a sweep goes on. */
export interface KeptPlace {
  readonly table: KeptTable['name'];
  readonly after: Place;
}

export interface KeptSweep {
  readonly table: KeptTable['name'];
  readonly removed: number;
  /** null: the end of all of them is reached. */
  readonly next: KeptPlace | null;
}

interface Piece {
  readonly removed: number;
  readonly last: Place | null;
}

/**
 * Removes, of one piece, what ended after its day was dropped, a day later, edits of it, and then the events that nobody needs any
 * more (T2). `place` null: from the start.
 */
export async function sweepKept(
  queryable: Pick<Pool, 'query'>,
  keepDays: number,
  place: KeptPlace | null,
): Promise<KeptSweep> {
  const table = TABLES.find(({ name }) => name === place?.table) ?? FINISHED;
  const after = place?.after ?? table.start;
  const result = await queryable.query<Piece>(table.text, [...after, ...(table.byDays ? [keepDays] : [])]);
  const { removed = 0, last = null } = result.rows[0] ?? {};
  const next =
    last === null ? startOf(TABLES[TABLES.indexOf(table) + 1]) : { table: table.name, after: last };
  return { table: table.name, removed, next };
}

function startOf(table: KeptTable | undefined): KeptPlace | null {
  return table === undefined ? null : { table: table.name, after: table.start };
}

const BEFORE_ALL_IDS = '00000000-0000-0000-0000-000000000000';

/** `looked` lists the rows of a piece in order, with their `row`, whether it `goes`, and their place, `one` and `two`. */
const remove = (from: string, looked: string) => `
  with ${looked}, gone as (
    delete from ${from} where ctid = any(array(select row from looked where goes)) returning 1
  )
  select (select count(*)::int from gone) as removed,
         (select json_build_array(one, two::text) from looked order by one desc, two desc limit 1) as last`;

const FINISHED: KeptTable = {
  name: 'finished',
  byDays: true,
  start: ['-infinity', BEFORE_ALL_IDS],
  text: remove(
    'finished_deliveries_default',
    `piece as materialized (
       select ctid as row, stored_day as one, id as two, coalesce(finished_at, created_at) as ended
         from finished_deliveries_default
        where stored_day ${expired('$3')} and (stored_day, id) > ($1::date, $2::uuid)
        order by stored_day, id limit ${LOOKED_AT}
     ), free as (
       select day from (select distinct one as day from piece) days where ${REPLAYS_NOTHING_OF('day')}
     ), looked as (
       select row, one, two, ended < now() - interval '${AFTER_END}' and one in (select day from free) as goes from piece
     )`,
  ),
};

const EDITS: KeptTable = {
  name: 'edits',
  byDays: false,
  start: [BEFORE_ALL_IDS, '0'],
  text: remove(
    'delivery_edits',
    `looked as materialized (
       select e.ctid as row, e.delivery_id as one, e.n as two,
              (select true from deliveries d where d.id = e.delivery_id) is null
              and (select true from finished_deliveries f where f.id = e.delivery_id order by f.id limit 1) is null as goes
         from delivery_edits e
        where (e.delivery_id, e.n) > ($1::uuid, $2::int)
        order by e.delivery_id, e.n limit ${EDITS_LOOKED_AT}
     )`,
  ),
};

const EVENTS: KeptTable = {
  name: 'events',
  byDays: false,
  start: ['-infinity', '0'],
  text: remove(
    'kept_events',
    `looked as materialized (
       select k.ctid as row, k.stored_day as one, k.seq as two,
              (select true from deliveries d where d.event_id = k.id order by d.event_id limit 1) is null
              and (select true from unrouted_events u where u.source = k.source and u.seq = k.seq) is null
              and (select true from finished_deliveries f where f.stored_day = k.stored_day and f.event_id = k.id
                    order by f.event_id limit 1) is null as goes
         from kept_events k
        where (k.stored_day, k.seq) > ($1::date, $2::bigint)
        order by k.stored_day, k.seq limit ${LOOKED_AT}
     )`,
  ),
};

/** In this order: an event may go once its finished deliveries have. */
const TABLES: readonly KeptTable[] = [FINISHED, EDITS, EVENTS];
