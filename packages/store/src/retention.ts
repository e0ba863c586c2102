/**
 * Dropping days. An event is needed while it has a delivery, open or finished, or waits for a route.
 *
 * T1. An event that is needed is in `events`, in `kept_events`, or in both.
 * T2. One that is not needed never will be: who makes a delivery of it (late routing, a replay) takes away what it was needed by, in
 *     the same transaction. So one look, at any time, is enough to let it go.
 * T3. A day's finished deliveries go first, then what is needed of its events is copied, then its events go. What is finished or
 *     replayed meanwhile is needed all along, since a finished one of a dropped day lies in the default partition.
 * T4. A lock that others wait behind is asked for by one statement, which gives up soon and ends with the work that needs it: no
 *     process can stand still with it.
 */
import pg from 'pg';
import type { Pool } from 'pg';

/** Who reads for longer than this (a backup, a report) makes the attempt fail (T4): it is tried again. */
const LOCK_LIMIT_MS = 100;
const LOCK_NOT_AVAILABLE = '55P03';
/** Each statement looks through all deliveries, so it takes many; but no more bodies than it copies within a part of its limit. */
const COPIED_A_STATEMENT = 10_000;
const COPIED_BYTES_A_STATEMENT = 64 * 1024 * 1024;
const REMOVED_A_STATEMENT = 10_000;
/** By the database's clock; `keepDays` is a parameter of the statement. */
export const expired = (keepDays: string) => `< (now() at time zone 'utc')::date - ${keepDays}::int`;

/**
 * A day waits for the replays that have something of it left (Y1), if they are not cancelled. One that lists it at the very moment
 * when it is dropped finds nothing there, and skips that.
 */
export const REPLAYS_NOTHING_OF = (day: string) => `not exists (
  select from replays r where r.state in ('counting', 'announced', 'trickle', 'running', 'stopped')
     and (select true from replay_items i where i.replay_id = r.id and i.finished_day = ${day} limit 1))`;

/**
 * Days that are over for longer than `keepDays`, the oldest first: those with a partition, and those with rows in the default one,
 * where the index is asked once for each day.
 */
export async function listExpiredDays(
  queryable: Pick<Pool, 'query'>,
  keepDays: number,
): Promise<readonly string[]> {
  const result = await queryable.query<{ day: string }>(
    `with recursive in_default as (
       (select stored_day as day from events_default order by stored_day limit 1)
       union all
       select (select e.stored_day from events_default e where e.stored_day > d.day order by e.stored_day limit 1)
         from in_default d where d.day ${expired('$1')}
     )
     select day::text from (
       select to_date(substring(c.relname from '_([0-9]{8})$'), 'YYYYMMDD') as day
         from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent in ('events'::regclass, 'finished_deliveries'::regclass)
       union
       select day from in_default) days
      where day ${expired('$1')} and ${REPLAYS_NOTHING_OF('day')} order by day`,
    [keepDays],
  );
  return result.rows.map(row => row.day);
}

export type DayResult =
  /** `kept`: how many of its events are needed still. */
  | { readonly kind: 'dropped'; readonly kept: number }
  /** Somebody reads for long. What was done by then is done again, at no harm. */
  | { readonly kind: 'busy' }
  /** The signal came. */
  | { readonly kind: 'stopped' };

/** Drops a day, but for the events of it that are needed (T3). */
export async function dropDay(
  queryable: Pick<Pool, 'query'>,
  day: string,
  signal: AbortSignal,
): Promise<DayResult> {
  try {
    await queryable.query(dropPartition('finished_deliveries', day));
    const kept = await keepNeeded(queryable, day, signal);
    if (kept === null) return { kind: 'stopped' };
    await queryable.query(dropPartition('events', day));
    for (let removed = 1; removed > 0; ) {
      if (signal.aborted) return { kind: 'stopped' };
      removed = await removeFromDefault(queryable, day);
    }
    return { kind: 'dropped', kept };
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === LOCK_NOT_AVAILABLE) return { kind: 'busy' };
    throw error;
  }
}

/**
 * The parent is locked first, as by all others; without ONLY every other day would be locked too. A table of that name that somebody
 * has detached is theirs.
 */
function dropPartition(table: 'events' | 'finished_deliveries', day: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) throw new RangeError('not a day');
  return `
    do $$
    begin
      perform set_config('lock_timeout', '${LOCK_LIMIT_MS}ms', true);
      if exists (select from pg_inherits where inhparent = '${table}'::regclass
                    and inhrelid = to_regclass('${table}_${day.replaceAll('-', '')}')) then
        lock table only ${table} in access exclusive mode;
        drop table ${table}_${day.replaceAll('-', '')};
      end if;
    end $$`;
}

/** null: the signal came first. */
async function keepNeeded(
  queryable: Pick<Pool, 'query'>,
  day: string,
  signal: AbortSignal,
): Promise<number | null> {
  let kept = 0;
  for (let after: string | null = '0'; after !== null; ) {
    if (signal.aborted) return null;
    const batch: KeptBatch = await keepBatch(queryable, day, after);
    kept += batch.listed;
    after = batch.last;
  }
  return kept;
}

interface KeptBatch {
  readonly listed: number;
  /** null: there was none. */
  readonly last: string | null;
}

/** By the deliveries, since the events of a day are many more than those that are needed. */
async function keepBatch(queryable: Pick<Pool, 'query'>, day: string, after: string): Promise<KeptBatch> {
  const result = await queryable.query<KeptBatch>(
    `with needed as (
       select seq from (select seq from deliveries where stored_day = $1::date
                        union select seq from finished_deliveries where stored_day = $1::date
                        union select seq from unrouted_events where stored_day = $1::date) n
        where seq > $2::bigint order by seq limit ${COPIED_A_STATEMENT}
     ), sized as (
       select seq, row_number() over in_order as place, sum(octet_length((
                select e.body from events e where e.stored_day = $1::date and e.seq = needed.seq))) over in_order as bytes
         from needed window in_order as (order by seq)
     ), taken as (
       select seq from sized where place = 1 or coalesce(bytes, 0) <= ${COPIED_BYTES_A_STATEMENT}
     ), copied as (
       insert into kept_events select * from events e
        where e.stored_day = $1::date and e.seq = any(array(select seq from taken))
       on conflict do nothing
     )
     select count(*)::int as listed, max(seq) as last from taken`,
    [day, after],
  );
  return result.rows[0] ?? { listed: 0, last: null };
}

async function removeFromDefault(queryable: Pick<Pool, 'query'>, day: string): Promise<number> {
  const result = await queryable.query(
    `delete from events_default where stored_day = $1::date
        and ctid = any(array(select ctid from events_default where stored_day = $1::date limit ${REMOVED_A_STATEMENT}))`,
    [day],
  );
  return result.rowCount ?? 0;
}
