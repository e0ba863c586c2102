import type { Pool } from 'pg';
import { IS_ALIVE } from './processors.ts';

export interface ConnectionRoom {
  /** max_connections without what is reserved for superusers and roles. */
  readonly usable: number;
  /** Connections of others now, on the whole server. */
  readonly others: number;
  /** Processors that live now. */
  readonly processors: number;
}

/** What the server has room for; connections of applications with these names (patterns of `like`) count by their pools' size, not here. */
export async function readConnectionRoom(
  queryable: Pick<Pool, 'query'>,
  applications: readonly string[],
): Promise<ConnectionRoom> {
  const result = await queryable.query<ConnectionRoom>(
    `select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
              - coalesce(current_setting('reserved_connections', true), '0')::int as usable,
            (select count(*)::int from pg_stat_activity
              where coalesce(backend_type, 'client backend') = 'client backend'
                and not coalesce(application_name like any ($1::text[]), false)) as others,
            (select count(*)::int from processors where ${IS_ALIVE}) as processors`,
    [applications],
  );
  return result.rows[0] ?? { usable: 0, others: 0, processors: 0 };
}
