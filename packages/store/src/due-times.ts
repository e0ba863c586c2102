import type { Pool } from 'pg';

/** By no schedule, no `Retry-After` and no limit a delivery waits for longer. */
const LONGEST_WAIT = '24 hours';
/** A statement that ends within some tens of milliseconds. */
const LOOKED_AT = 1_000;

/** After a retry what that was told, before any attempt from when it was stored to when it may start, else nothing. */
const WAIT = `least(interval '${LONGEST_WAIT}', case
  when d.attempts = '[]' then greatest(d.due_at - d.created_at, interval '0')
  when d.attempts -> -1 ->> 'outcome' = 'retry'
    then coalesce((d.attempts -> -1 ->> 'afterMs')::float8 * interval '1 millisecond', interval '${LONGEST_WAIT}')
  else interval '0' end)`;
/** Also what was stored in time to come: else it would seem to be due before it was. Attempts are read only of what is due later. */
const IS_LATE = `(d.created_at > now() or (d.due_at > now() and d.due_at > now() + ${WAIT}))`;

export interface DueTimesPiece {
  /** Deliveries that waited for longer than they were told to. */
  readonly moved: number;
  /** Where the next piece begins; null: the end is reached. */
  readonly next: string | null;
}

/** Before the first. */
export const ALL_DELIVERIES = '00000000-0000-0000-0000-000000000000';

/**
 * Where PostgreSQL's clock was set back, what was scheduled before is due later than it was told to be, by as much. Looks through one piece of
 * the deliveries behind `after` (an id), and lets none of it wait from now for longer than all of its wait. Skips what somebody has locked, so it
 * waits for nobody, and needs no order of locks (H3).
 */
export async function shortenWaits(queryable: Pick<Pool, 'query'>, after: string): Promise<DueTimesPiece> {
  const { rows } = await queryable.query<{ looked: number; last: string | null; moved: number }>({
    name: 'deliveries-shorten-waits',
    text: `with piece as materialized (
             select d.id, ${IS_LATE} as is_late from deliveries d where d.id > $1::uuid order by d.id limit ${LOOKED_AT}
           ), late as (
             select d.id from deliveries d
              where d.id = any(array(select id from piece where is_late)) and ${IS_LATE} for update skip locked
           ), moved as (
             update deliveries d set due_at = least(d.due_at, now() + ${WAIT}), created_at = least(d.created_at, now())
              where d.id = any(array(select id from late)) returning 1
           )
           select (select count(*)::int from piece) as looked, (select count(*)::int from moved) as moved,
                  (select id from piece order by id desc limit 1) as last`,
    values: [after],
  });
  const { looked = 0, last = null, moved = 0 } = rows[0] ?? {};
  return { moved, next: looked < LOOKED_AT ? null : last };
}
