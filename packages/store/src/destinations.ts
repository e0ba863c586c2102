import type { Pool } from 'pg';

export interface PausedDestination {
  readonly name: string;
  readonly reason: string;
  readonly pausedAt: Date;
}

/** Pauses are few: made by people or by a destination's own 410. */
const MAX_LISTED = 1_000;

/** Holds the work of a destination until it is resumed; a pause that stands keeps its first reason. */
export async function pauseDestination(
  queryable: Pick<Pool, 'query'>,
  name: string,
  reason: string,
): Promise<void> {
  await queryable.query(
    'insert into paused_destinations (name, reason) values ($1, $2) on conflict (name) do nothing',
    [name, reason],
  );
}

/** Returns false where it was not paused. */
export async function resumeDestination(queryable: Pick<Pool, 'query'>, name: string): Promise<boolean> {
  const result = await queryable.query('delete from paused_destinations where name = $1', [name]);
  return result.rowCount === 1;
}

export async function listPausedDestinations(
  queryable: Pick<Pool, 'query'>,
): Promise<readonly PausedDestination[]> {
  const result = await queryable.query<PausedDestination>(
    `select name, reason, paused_at as "pausedAt" from paused_destinations order by name limit ${MAX_LISTED}`,
  );
  return result.rows;
}
