import type { Pool } from 'pg';

/** Of one state at most: more is a backlog, whatever its exact size, and a look at it must stay cheap. */
export const MAX_COUNTED_WORK = 100_000;

export interface OpenWork {
  readonly destination: string;
  /** `replay`: due, and sent again by a person. */
  readonly state: 'due' | 'leased' | 'waiting' | 'parked' | 'replay';
  readonly count: number;
  /** Since the oldest of them was stored; null for what is parked or replayed, which waits for a person or did. */
  readonly oldestMs: number | null;
}

/** What is not finished, by destination and state; of one state no more than `MAX_COUNTED_WORK` rows are looked at. */
export async function readOpenWork(
  queryable: Pick<Pool, 'query'>,
  maxCounted: number = MAX_COUNTED_WORK,
): Promise<readonly OpenWork[]> {
  // Each part is the predicate of one partial index.
  const { rows } = await queryable.query<OpenWork>(
    `select destination, state, count(*)::int as count,
            (extract(epoch from clock_timestamp() - min(created_at)) * 1000)::float8 as "oldestMs"
       from ((select destination, 'due' as state, created_at from deliveries where state = 'due' and not replay limit $1)
             union all
             (select destination, 'replay', null from deliveries where state = 'due' and replay limit $1)
             union all
             (select destination, 'leased', case when not replay then created_at end from deliveries where state = 'leased' limit $1)
             union all
             (select destination, 'waiting', created_at from deliveries where state = 'waiting' limit $1)
             union all
             (select destination, 'parked', null from deliveries where state = 'parked' limit $1)) as work
      group by destination, state
      order by destination, state`,
    [maxCounted],
  );
  return rows;
}

export interface InboxDepth {
  readonly events: number;
  /** Of the oldest; null: it is empty. */
  readonly oldestMs: number | null;
}

/** What waits in the inbox, counted as `readOpenWork` counts. */
export async function readInboxDepth(
  queryable: Pick<Pool, 'query'>,
  maxCounted: number = MAX_COUNTED_WORK,
): Promise<InboxDepth> {
  const { rows } = await queryable.query<InboxDepth>(
    `select count(*)::int as events,
            (extract(epoch from clock_timestamp() - min(appended_at)) * 1000)::float8 as "oldestMs"
       from (select appended_at from inbox order by n limit $1) as waiting`,
    [maxCounted],
  );
  return rows[0] ?? { events: 0, oldestMs: null };
}
