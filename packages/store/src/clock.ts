import type { Pool } from 'pg';

/**
 * PostgreSQL's clock and that of who asks are two witnesses. Further apart than this, one of them is wrong, and nobody can tell which: what is
 * removed by its age has days to go, so an hour decides nothing there.
 */
export const CLOCKS_APART_MS = 60 * 60_000;

/** Milliseconds that PostgreSQL's clock is ahead of this process's, `now` (epoch milliseconds); negative: behind. As exact as the answer is quick. */
export async function clockAheadMs(
  queryable: Pick<Pool, 'query'>,
  now: () => number = Date.now,
): Promise<number> {
  const { rows } = await queryable.query<{ ms: number }>(
    'select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms',
  );
  const [row] = rows;
  if (row === undefined) throw new Error('a time without a row');
  return Math.round(row.ms - now());
}
