import type { Client } from 'pg';

type Queryable = Pick<Client, 'query'>;

export async function readSchemaVersion(queryable: Queryable): Promise<number> {
  const result = await queryable.query<{ version: number }>(
    'select max(version) as version from schema_migrations',
  );
  return result.rows[0]?.version ?? 0;
}

/** All columns but generated ones, in the order of the table. */
export async function readColumns(queryable: Queryable, table: string): Promise<readonly string[]> {
  const result = await queryable.query<{ column_name: string }>(
    `select column_name from information_schema.columns
      where table_schema = current_schema() and table_name = $1 and is_generated = 'NEVER' order by ordinal_position`,
    [table],
  );
  return result.rows.map(row => row.column_name);
}

/** Sequences of the schema, those of identity columns too. */
export async function readSequenceNames(queryable: Queryable): Promise<readonly string[]> {
  const result = await queryable.query<{ name: string }>(
    `select sequencename as name from pg_sequences where schemaname = current_schema() order by 1`,
  );
  return result.rows.map(row => row.name);
}

/** Tables of the schema; partitions stand for their parent. */
export async function readTables(queryable: Queryable): Promise<readonly string[]> {
  const result = await queryable.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = current_schema() and c.relkind in ('r', 'p') and not c.relispartition order by 1`,
  );
  return result.rows.map(row => row.name);
}
