import { AppError } from '@ackline/shared/app-error';
import type pg from 'pg';
import { reachedLimit } from './lock-patience.ts';

/**
 * A line in a migration's file that names an index of a table that may have millions of rows: built before the rest of the migration,
 * outside of a transaction, so that storing goes on meanwhile. Where that ends half-way PostgreSQL leaves an index that is not valid:
 * the next try drops it, and builds it anew.
 */
const INDEX = /^-- index: ((\w+) on .+)$/gm;

/** It waits for transactions that are under way, and nobody waits behind it: its limit is that of a statement. */
export async function buildIndexes(client: pg.Client, sql: string): Promise<void> {
  for (const [, definition = '', name = ''] of sql.matchAll(INDEX)) {
    const { rows } = await client.query<{ isValid: boolean }>(
      'select indisvalid as "isValid" from pg_index where indexrelid = to_regclass($1)',
      [name],
    );
    if (rows[0]?.isValid === true) continue;
    await client.query('set lock_timeout = 0');
    if (rows[0] !== undefined) await client.query(`drop index concurrently ${name}`);
    await client.query(`create index concurrently ${definition}`).catch((error: unknown) => {
      throw reachedLimit(error) ? unbuilt(name, error) : error;
    });
  }
}

function unbuilt(name: string, cause: unknown): AppError {
  return new AppError(
    'ACKLINE_SCHEMA_LOCKED',
    `The index ${name} was not built in time: it waits for every transaction that is older (pg_stat_activity, by xact_start, names them; a backup is one), and nothing waits for it.`,
    { cause },
  );
}
