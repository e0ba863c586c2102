/**
 * What days that were dropped have left: finished deliveries, bodies that a person sent, kept events. It is looked through piece by
 * piece, since what is parked is kept without end: a piece costs the same however much there is, and however many rows of it stay.
 */
import type { PoolClient } from 'pg';
import { lockOutListing } from './listing-lock.ts';
import { gaveWay, reachedLimit } from './lock-patience.ts';
import { expired, REPLAYS_NOTHING_OF } from './retention.ts';

/** What ends after its day was dropped is shown, and can be replayed, for so long. */
const AFTER_END = '1 day';
/** Rows that a statement looks at; of edits each costs a look into every day. */
const LOOKED_AT = 10_000;
const EDITS_LOOKED_AT = 1_000;
/** A piece that took too long is tried again with a part of its rows, down to these; with fewer it is not the rows that take long. */
const FEWER = 10;
const FEWEST = 100;

/** Of a row in its table: its primary key. */
type Place = readonly [string, string];

interface KeptTable {
  readonly name: 'finished' | 'edits' | 'events';
  /** $1 and $2: the place behind which it looks; $3: at how many rows; $4, where `byDays`: how many days are kept. Returns a `Piece`. */
  readonly text: string;
  readonly looksAt: number;
  readonly byDays: boolean;
  /** Before any row. */
  readonly start: Place;
}

/** Where a sweep goes on. */
export interface KeptPlace {
  readonly table: KeptTable['name'];
  readonly after: Place;
  /** Where more took too long. */
  readonly looksAt?: number;
}

export interface KeptSweep {
  readonly table: KeptTable['name'];
  readonly removed: number;
  /** null: the end of all of them is reached. */
  readonly next: KeptPlace | null;
}

interface Piece {
  readonly removed: number;
  /** Of the rows that were looked at; null: there was none. */
  readonly last: Place | null;
}

/**
 * Removes, of one piece, what ended after its day was dropped, a day later, edits of it, and then the events that nobody needs any
 * more (T2). `place` null: from the start. While a replay lists finished deliveries, none of them goes: the same piece is next. So it
 * is, with fewer rows, where they took longer than those who list may wait.
 */
export async function sweepKept(
  client: Pick<PoolClient, 'query'>,
  keepDays: number,
  place: KeptPlace | null,
): Promise<KeptSweep> {
  const table = TABLES.find(({ name }) => name === place?.table) ?? FINISHED;
  const after = place?.after ?? table.start;
  const rows = place?.looksAt ?? table.looksAt;
  const goesOn = (behind: Place, looksAt: number): KeptPlace => ({
    table: table.name,
    after: behind,
    ...(looksAt < table.looksAt ? { looksAt } : {}),
  });
  const swept = await sweepPiece(client, table, { after, rows, keepDays });
  if (swept === 'listed') return { table: table.name, removed: 0, next: goesOn(after, rows) };
  if (swept === 'late') {
    const fewer = Math.max(FEWEST, Math.floor(rows / FEWER));
    return { table: table.name, removed: 0, next: goesOn(after, fewer) };
  }
  const { removed, last } = swept;
  const next = last === null ? startOf(TABLES[TABLES.indexOf(table) + 1]) : goesOn(last, rows * 2);
  return { table: table.name, removed, next };
}

interface PieceOptions {
  readonly after: Place;
  readonly rows: number;
  readonly keepDays: number;
}

/** listed: a replay lists some of them just now; late: they took longer than those who list may wait. */
async function sweepPiece(
  client: Pick<PoolClient, 'query'>,
  table: KeptTable,
  { after, rows: looksAt, keepDays }: PieceOptions,
): Promise<Piece | 'listed' | 'late'> {
  const sweep = async (): Promise<Piece> => {
    const values = [...after, looksAt, ...(table.byDays ? [keepDays] : [])];
    const { rows } = await client.query<Piece>(table.text, values);
    return rows[0] ?? { removed: 0, last: null };
  };
  if (table !== FINISHED) return sweep();
  try {
    return (await lockOutListing(client, sweep)) ?? 'listed';
  } catch (error) {
    if (looksAt > FEWEST && (reachedLimit(error) || gaveWay(error))) return 'late';
    throw error;
  }
}

function startOf(table: KeptTable | undefined): KeptPlace | null {
  return table === undefined ? null : { table: table.name, after: table.start };
}

const BEFORE_ALL_IDS = '00000000-0000-0000-0000-000000000000';

/** Ended for long enough, and of a day that no replay needs. */
const FINISHED: KeptTable = {
  name: 'finished',
  looksAt: LOOKED_AT,
  byDays: true,
  start: ['-infinity', BEFORE_ALL_IDS],
  text: `
    with piece as materialized (
      select ctid, stored_day, id, coalesce(finished_at, created_at) as ended_at
        from finished_deliveries_default
       where stored_day ${expired('$4')} and (stored_day, id) > ($1::date, $2::uuid)
       order by stored_day, id limit $3::int
    ), free as (
      select stored_day from (select distinct stored_day from piece) days
       where ${REPLAYS_NOTHING_OF('days.stored_day')}
    ), gone as (
      delete from finished_deliveries_default where ctid = any(array(
        select ctid from piece
         where ended_at < now() - interval '${AFTER_END}' and stored_day in (select stored_day from free))) returning 1
    )
    select (select count(*)::int from gone) as removed,
           (select json_build_array(stored_day, id) from piece order by stored_day desc, id desc limit 1) as last`,
};

/** Whose delivery is neither open nor finished any more. */
const EDITS: KeptTable = {
  name: 'edits',
  looksAt: EDITS_LOOKED_AT,
  byDays: false,
  start: [BEFORE_ALL_IDS, '0'],
  text: `
    with piece as materialized (
      select e.ctid, e.delivery_id, e.n,
             (select true from deliveries d where d.id = e.delivery_id) is null
             and (select true from finished_deliveries f where f.id = e.delivery_id order by f.id limit 1) is null as is_left
        from delivery_edits e
       where (e.delivery_id, e.n) > ($1::uuid, $2::int)
       order by e.delivery_id, e.n limit $3::int
    ), gone as (
      delete from delivery_edits where ctid = any(array(select ctid from piece where is_left)) returning 1
    )
    select (select count(*)::int from gone) as removed,
           (select json_build_array(delivery_id, n::text) from piece order by delivery_id desc, n desc limit 1) as last`,
};

/** That nobody needs any more (T2). */
const EVENTS: KeptTable = {
  name: 'events',
  looksAt: LOOKED_AT,
  byDays: false,
  start: ['-infinity', '0'],
  text: `
    with piece as materialized (
      select k.ctid, k.stored_day, k.seq,
             (select true from deliveries d where d.event_id = k.id order by d.event_id limit 1) is null
             and (select true from unrouted_events u where u.source = k.source and u.seq = k.seq) is null
             and (select true from finished_deliveries f where f.stored_day = k.stored_day and f.event_id = k.id
                   order by f.event_id limit 1) is null as is_free
        from kept_events k
       where (k.stored_day, k.seq) > ($1::date, $2::bigint)
       order by k.stored_day, k.seq limit $3::int
    ), gone as (
      delete from kept_events where ctid = any(array(select ctid from piece where is_free)) returning 1
    )
    select (select count(*)::int from gone) as removed,
           (select json_build_array(stored_day, seq::text) from piece order by stored_day desc, seq desc limit 1) as last`,
};

/** In this order: an event may go once its finished deliveries have. */
const TABLES: readonly KeptTable[] = [FINISHED, EDITS, EVENTS];
