import type { Pool } from 'pg';

/** All that is parked for one reason: what one repair, and one replay or discard, is for. */
export interface ParkedCause {
  readonly cause: string;
  readonly destination: string;
  readonly count: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
  /** The delivery that was parked last. */
  readonly exampleId: string;
}

/**
 * Causes of what is parked, the most frequent first. It counts all that is parked, by an index alone: a connection with a longer
 * limit than usual is for it.
 */
export async function listCauses(
  queryable: Pick<Pool, 'query'>,
  { destination, limit }: { readonly destination?: string; readonly limit: number },
): Promise<readonly ParkedCause[]> {
  const result = await queryable.query<ParkedCause>(
    `with counted as (
       select park_cause, count(*)::int as count, min(finished_at) as first_at, max(finished_at) as last_at
         from deliveries where state = 'parked' and ($2::text is null or destination = $2)
        group by park_cause order by count desc, park_cause limit $1
     )
     select park_cause as cause, example.destination, count, first_at as "firstAt", last_at as "lastAt",
            example.id as "exampleId"
       from counted c
      cross join lateral (select d.id, d.destination from deliveries d
                           where d.state = 'parked' and d.park_cause = c.park_cause
                           order by d.finished_at desc, d.id desc limit 1) example
      order by count desc, cause`,
    [limit, destination ?? null],
  );
  return result.rows;
}

export interface CountedCause {
  readonly count: number;
  /** By PostgreSQL's clock, in its words: what is parked later was not counted. */
  readonly countedAt: string;
}

export async function countCause(queryable: Pick<Pool, 'query'>, cause: string): Promise<CountedCause> {
  const result = await queryable.query<CountedCause>(
    `select count(*)::int as count, now()::text as "countedAt"
       from deliveries where state = 'parked' and park_cause = $1`,
    [cause],
  );
  return result.rows[0] ?? { count: 0, countedAt: '-infinity' };
}
