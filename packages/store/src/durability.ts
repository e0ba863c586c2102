import { AppError } from '@ackline/shared/app-error';
import type { Pool } from 'pg';

/** A1: a commit that an ack depends on must survive a power loss. Refuses a server that runs without fsync. */
export async function checkPostgresDurability(queryable: Pick<Pool, 'query'>): Promise<void> {
  const result = await queryable.query<{ fsync: string; commit: string; pages: string }>(
    `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
            current_setting('full_page_writes') as pages`,
  );
  const row = result.rows[0];
  const weak = [
    row?.fsync === 'on' ? null : 'fsync',
    row?.commit === 'off' || row?.commit === 'local' ? 'synchronous_commit' : null,
    row?.pages === 'on' ? null : 'full_page_writes',
  ].filter(setting => setting !== null);
  if (weak.length > 0) {
    throw new AppError(
      'ACKLINE_POSTGRES_NOT_DURABLE',
      `PostgreSQL would lose acknowledged events in a power loss: set ${weak.join(' and ')} to on in postgresql.conf and reload it; start again what has ended.`,
    );
  }
}
