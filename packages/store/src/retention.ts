/**
 * Dropping days: what of a day is safe to remove, in which steps, and under which locks. When a day's turn is, how long it waits for a
 * lock and where it goes on, the processor knows (`services/processor/src/retaining/day-sweep.ts`).
 *
 * An event is needed while it has a delivery, open or finished, or waits for a route.
 *
 * T1. An event that is needed is in `events`, in `kept_events`, or in both.
 * T2. One that is not needed never will be: who makes a delivery of it (late routing, a replay) takes away what it was needed by, in
 *     the same transaction. So one look, at any time, is enough to let it go.
 * T3. A day's finished deliveries go first, then what is needed of its events is copied, then its events go. What is finished or
 *     replayed meanwhile is needed all along, since a finished one of a dropped day lies in the default partition.
 * T4. A lock that others wait behind is asked for by one statement, which gives up in time (`lock-patience.ts`) and ends with the work
 *     that needs it: no process can stand still with it.
 * T5. One call does a bounded part. What it has done is not done again, since what was copied stays copied, by T2.
 * T6. A finished delivery that a replay has listed and not sent yet stays. Who lists some has a lock until that is committed, and who
 *     removes some looks at the lists under one against it: the partition's own, and for the default one `lockOutListing`. The operator API lists no day that is over, and
 *     who comes to list waits behind who removes: lists that are made anew all the time keep nothing from going.
 */
import type { Pool } from 'pg';
import { gaveWay, lockWaitMs } from './lock-patience.ts';

/** Each look at what is needed reads all deliveries, so it lists many; of a body no more than its place. */
const LISTED = 100_000;
/** No more is copied by a statement than within a part of its limit. */
const COPIED_A_STATEMENT = 10_000;
const COPIED_BYTES_A_STATEMENT = 64 * 1024 * 1024;
const REMOVED_A_STATEMENT = 10_000;
/** Of a call (T5): half a million rows at most, and what else has to be removed gets its turn. */
const STATEMENTS_A_CALL = 50;

/** By the database's clock; `keepDays` is a parameter of the statement. */
export const expired = (keepDays: string) => `< (now() at time zone 'utc')::date - ${keepDays}::int`;

/**
 * A day waits for the replays that have something of it left (Y1), if they are not cancelled. Of a day that is gone a replay that is
 * being counted finds nothing.
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

/** How far the dropping of a day has come. */
export interface DayProgress {
  /** Up to this event those that are needed are copied, */
  readonly copiedTo: string;
  /** so many. */
  readonly kept: number;
  /** Up to this event they are gone from the default partition. */
  readonly removedTo: string;
}

const DAY_START: DayProgress = { copiedTo: '0', kept: 0, removedTo: '0' };

export type DayResult =
  /** `kept`: how many of its events are needed still. */
  | { readonly kind: 'dropped'; readonly kept: number }
  /** busy: somebody reads for long; partly: it is more than one call does (T5). */
  | { readonly kind: 'busy' | 'partly'; readonly progress: DayProgress }
  | { readonly kind: 'failed'; readonly progress: DayProgress; readonly error: unknown }
  /** needed: a replay has come to list some of it, and nothing is gone (T6); stopped: the signal came. */
  | { readonly kind: 'needed' | 'stopped' };

export interface DayOptions {
  readonly signal: AbortSignal;
  /** What a call before left; default: nothing was done. */
  readonly progress?: DayProgress;
  /** How long anybody may have to wait behind it; default: not long, as in a first try. */
  readonly lockLimitMs?: number;
  /** What one call does at most. */
  readonly statements?: number;
}

/** Drops a day, but for the events of it that are needed (T3). */
export async function dropDay(
  queryable: Pick<Pool, 'query'>,
  day: string,
  options: DayOptions,
): Promise<DayResult> {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) throw new RangeError('not a day');
  const {
    signal,
    progress = DAY_START,
    lockLimitMs = lockWaitMs(0),
    statements = STATEMENTS_A_CALL,
  } = options;
  const work: DayWork = { queryable, day, signal, progress, left: statements };
  try {
    const nobodyNeedsIt = REPLAYS_NOTHING_OF(`date '${day}'`); // (T6)
    await queryable.query(dropPartition('finished_deliveries', { day, lockLimitMs, onlyIf: nobodyNeedsIt }));
    if (await hasFinished(queryable, day)) return { kind: 'needed' };
    if (!(await keepNeeded(work))) return unfinished(work);
    await queryable.query(dropPartition('events', { day, lockLimitMs, onlyIf: 'true' }));
    if (!(await removeFromDefault(work))) return unfinished(work);
    return { kind: 'dropped', kept: work.progress.kept };
  } catch (error) {
    const { progress: reached } = work;
    if (signal.aborted) return { kind: 'stopped' };
    return gaveWay(error)
      ? { kind: 'busy', progress: reached }
      : { kind: 'failed', progress: reached, error };
  }
}

interface DayWork {
  readonly queryable: Pick<Pool, 'query'>;
  readonly day: string;
  readonly signal: AbortSignal;
  progress: DayProgress;
  /** Statements. */
  left: number;
}

const unfinished = ({ signal, progress }: DayWork): DayResult =>
  signal.aborted ? { kind: 'stopped' } : { kind: 'partly', progress };

/** Whether there is another statement in this call. */
function goesOn(work: DayWork): boolean {
  work.left -= 1;
  return work.left >= 0 && !work.signal.aborted;
}

type DayTable = 'events' | 'finished_deliveries';

const partitionOf = (table: DayTable, day: string) => `${table}_${day.replaceAll('-', '')}`;
const hasPartition = (table: DayTable, day: string) => `exists (
  select from pg_inherits where inhparent = '${table}'::regclass and inhrelid = to_regclass('${partitionOf(table, day)}'))`;

interface DropOptions {
  readonly day: string;
  readonly lockLimitMs: number;
  /** An expression; it sees what was committed before the parent was locked. */
  readonly onlyIf: string;
}

/**
 * The parent is locked first, as by all others; without ONLY every other day would be locked too. To drop a partition locks the default
 * one as well. What comes behind the parent waits for all of these locks, which share one limit. A table of that name that somebody
 * has detached is theirs.
 */
function dropPartition(table: DayTable, { day, lockLimitMs, onlyIf }: DropOptions): string {
  const shareLimit = `perform set_config('lock_timeout',
          greatest(1, ceil(extract(epoch from gives_up_at - clock_timestamp()) * 1000)) || 'ms', true);`;
  return `
    do $$
    declare
      gives_up_at timestamptz := clock_timestamp() + interval '${lockLimitMs} milliseconds';
    begin
      perform set_config('lock_timeout', '${lockLimitMs}ms', true);
      if ${hasPartition(table, day)} then
        lock table only ${table} in access exclusive mode;
        if ${onlyIf} then
          ${shareLimit}
          lock table ${table}_default in access exclusive mode;
          ${shareLimit}
          drop table ${partitionOf(table, day)};
        end if;
      end if;
    end $$`;
}

async function hasFinished(queryable: Pick<Pool, 'query'>, day: string): Promise<boolean> {
  const { rows } = await queryable.query<{ has: boolean }>(
    `select ${hasPartition('finished_deliveries', day)} as has`,
  );
  return rows[0]?.has === true;
}

/** By the deliveries, since the events of a day are many more than those that are needed. Returns whether all is copied. */
async function keepNeeded(work: DayWork): Promise<boolean> {
  for (;;) {
    if (!goesOn(work)) return false;
    const needed = await listNeeded(work);
    if (needed.length === 0) return true;
    for (let at = 0; at < needed.length; ) {
      if (!goesOn(work)) return false;
      const { copied, last } = await copyEvents(work, needed.slice(at, at + COPIED_A_STATEMENT));
      at += copied;
      work.progress = { ...work.progress, copiedTo: last, kept: work.progress.kept + copied };
    }
  }
}

/** In order. By one snapshot: in parts, it would miss what ends or is replayed meanwhile, from a part to come to one that was looked at. */
async function listNeeded({ queryable, day, progress }: DayWork): Promise<readonly string[]> {
  const result = await queryable.query<{ seq: string }>(
    `select seq from (select seq from deliveries where stored_day = $1::date
                      union select seq from finished_deliveries where stored_day = $1::date
                      union select seq from unrouted_events where stored_day = $1::date) needed
      where seq > $2::bigint order by seq limit ${LISTED}`,
    [day, progress.copiedTo],
  );
  return result.rows.map(row => row.seq);
}

interface Copied {
  readonly copied: number;
  readonly last: string;
}

/** The first of them, by their size. */
async function copyEvents({ queryable, day }: DayWork, needed: readonly string[]): Promise<Copied> {
  const result = await queryable.query<Copied>(
    `with sized as (
       select n.seq, row_number() over in_order as place, sum(octet_length(e.body)) over in_order as bytes
         from unnest($2::bigint[]) n (seq) left join events e on e.stored_day = $1::date and e.seq = n.seq
       window in_order as (order by n.seq)
     ), taken as (
       select seq from sized where place = 1 or coalesce(bytes, 0) <= ${COPIED_BYTES_A_STATEMENT}
     ), copied as (
       insert into kept_events select * from events e
        where e.stored_day = $1::date and e.seq = any(array(select seq from taken))
       on conflict do nothing
     )
     select count(*)::int as copied, max(seq) as last from taken`,
    [day, needed],
  );
  const [row] = result.rows;
  if (row === undefined) throw new Error('a count without a row');
  return row;
}

/** Behind what is removed, since dead rows stay in the index for as long as anybody may see them. Returns whether all is gone. */
async function removeFromDefault(work: DayWork): Promise<boolean> {
  for (;;) {
    if (!goesOn(work)) return false;
    const { queryable, day, progress } = work;
    const result = await queryable.query<{ last: string | null }>(
      `with piece as materialized (
         select ctid as row, seq from events_default where stored_day = $1::date and seq > $2::bigint
          order by seq limit ${REMOVED_A_STATEMENT}
       ), gone as (
         delete from events_default where stored_day = $1::date and ctid = any(array(select row from piece))
       )
       select max(seq) as last from piece`,
      [day, progress.removedTo],
    );
    const last = result.rows[0]?.last ?? null;
    if (last === null) return true;
    work.progress = { ...progress, removedTo: last };
  }
}
