import { to as copyTo } from 'pg-copy-streams';
import type { Client } from 'pg';
import { BACKUP_TABLES } from './backup-tables.ts';
import type { BackupRecord, BackupSequence, BackupTable } from './backup-format.ts';
import { readColumns, readSchemaVersion, readSequenceNames } from './catalog.ts';

export interface SnapshotProgress {
  readonly table: string;
  /** Of all tables so far. */
  readonly rows: number;
  readonly bytes: number;
}

/**
 * The database as it is at one moment: all tables are read in one repeatable-read transaction, so that services may go on
 * writing. Sequences stand outside of transactions; read after the snapshot was taken they are never behind it.
 */
export async function* takeSnapshot(
  client: Client,
  onProgress: (progress: SnapshotProgress) => void,
): AsyncGenerator<BackupRecord> {
  await client.query('begin isolation level repeatable read read only');
  // Before the snapshot is taken: which partitions there are is not a part of it, and a day that is dropped before its table's turn
  // would be missing, in `events` and in what was kept of it meanwhile.
  await client.query(`lock table ${quoted(BACKUP_TABLES.map(table => table.name))} in access share mode`);
  const tables = await describeTables(client);
  yield {
    kind: 'header',
    value: { createdAt: new Date().toISOString(), schemaVersion: await readSchemaVersion(client), tables },
  };
  let rows = 0;
  let bytes = 0;
  for (const table of tables) {
    yield { kind: 'table', value: { name: table.name } };
    // A partitioned table can be copied by a query only; the form of the rows is the same.
    const copy = client.query(
      copyTo(`copy (select ${quoted(table.columns)} from "${table.name}") to stdout (format binary)`),
    );
    for await (const chunk of copy as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      onProgress({ table: table.name, rows, bytes });
      yield { kind: 'rows', value: chunk };
    }
    rows += copy.rowCount;
    yield { kind: 'table-end', value: { name: table.name, rows: copy.rowCount } };
  }
  yield { kind: 'sequences', value: await readSequences(client) };
  await client.query('commit');
}

async function describeTables(client: Client): Promise<BackupTable[]> {
  const tables: BackupTable[] = [];
  for (const { name } of BACKUP_TABLES) {
    tables.push({
      name,
      columns: [...(await readColumns(client, name))],
      days: await readDays(client, name),
    });
  }
  return tables;
}

/** Days with a partition of their own, by its name. */
async function readDays(client: Client, table: string): Promise<string[]> {
  const result = await client.query<{ day: string }>(
    `select to_char(to_date(right(c.relname, 8), 'YYYYMMDD'), 'YYYY-MM-DD') as day
       from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = to_regclass($1) and c.relname ~ '_[0-9]{8}$' order by 1`,
    [table],
  );
  return result.rows.map(row => row.day);
}

async function readSequences(client: Client): Promise<BackupSequence[]> {
  const sequences: BackupSequence[] = [];
  for (const name of await readSequenceNames(client)) {
    const result = await client.query<{ last_value: string; is_called: boolean }>(
      `select last_value, is_called from "${name}"`,
    );
    const row = result.rows[0];
    if (row !== undefined) sequences.push({ name, lastValue: row.last_value, isCalled: row.is_called });
  }
  return sequences;
}

export function quoted(columns: readonly string[]): string {
  return columns.map(column => `"${column}"`).join(', ');
}
