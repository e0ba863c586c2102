/**
 * Events as they are stored, for who follows them live. `seq` is given inside the storing transactions, and those of several lanes
 * commit in any order: whoever reads on from the greatest `seq` that it saw skips what commits later with a smaller one.
 *
 * EF1. Nobody gets an event before all that will ever be stored with a smaller `seq` is there to be read. So a `seq` is a cursor.
 * EF2. A storing transaction locks `events` (ROW EXCLUSIVE, as any INSERT does) before it takes a `seq`, until it ends. So once
 *      those have ended that had the lock when the sequence stood at a number, what is stored up to that number is final: committed,
 *      or never. Nothing else is waited for: neither a backup nor a transaction elsewhere holds anybody up.
 * EF3. The three looks are statements of their own, in this order: the sequence, who has the lock, and only then the events. A
 *      transaction lets its lock go after its commit can be seen, so who is not in the second look is seen by the third.
 */
import type { Pool } from 'pg';
import type { EventPlace } from './event-places.ts';
import { STORED_DAYS } from './stored-days.ts';

/** A number of the sequence, and the transactions that may still store something up to it. */
export interface SeqMark extends EventPlace {
  readonly storing: ReadonlySet<string>;
}

/** Where the sequence stands, and who stores (EF3). */
export async function readSeqMark(queryable: Pick<Pool, 'query'>): Promise<SeqMark> {
  const last = await queryable.query<EventPlace>(
    `select case when is_called then last_value else last_value - 1 end as seq,
            ((now() at time zone 'utc')::date)::text as "storedDay" from event_seq`,
  );
  const [place] = last.rows;
  if (place === undefined) throw new Error('the sequence of events is not there');
  const storing = await queryable.query<{ transaction: string }>(
    `select virtualtransaction as transaction from pg_locks
      where locktype = 'relation' and database = (select oid from pg_database where datname = current_database())
        and relation = 'events'::regclass and mode = 'RowExclusiveLock' and granted and pid <> pg_backend_pid()`,
  );
  return { ...place, storing: new Set(storing.rows.map(row => row.transaction)) };
}

/** Whether all that `mark` waited for has ended by `now`, a later look (EF2). */
export function isFinal(mark: SeqMark, now: SeqMark): boolean {
  return mark.storing.isDisjointFrom(now.storing);
}

export interface SeqRange {
  /** Not included. */
  readonly after: string;
  /** Included: a number that is final. */
  readonly until: string;
  readonly limit: number;
}

export interface FedPlace extends EventPlace {
  readonly bodyBytes: number;
}

/** Events of a range, in the order of `seq`. Each day is asked by its index, which begins with the day. */
export async function readRange(
  queryable: Pick<Pool, 'query'>,
  { after, until, limit }: SeqRange,
): Promise<readonly FedPlace[]> {
  const { rows } = await queryable.query<FedPlace>({
    name: 'events-of-range', // planned once: that takes longer than to run it
    text: `
      select stored_day::text as "storedDay", seq, octet_length(body) as "bodyBytes"
        from (${STORED_DAYS.events}) d
       cross join lateral (
         select stored_day, seq, body from events
          where stored_day = d.day and seq > $1::bigint and seq <= $2::bigint order by seq limit $3) e
       order by seq limit $3`,
    values: [after, until, limit],
  });
  return rows;
}
