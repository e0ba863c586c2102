// LS1. The file is read to its end, and found whole, before the first change.
// LS2. All changes are one transaction: a restore that fails leaves the database as it was.
// LS3. Nobody writes meanwhile: the tables are locked before they are found empty.
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { AppError } from '@ackline/shared/app-error';
import { isAlive, readProcessorStates } from '@ackline/store/processors';
import type { Client } from 'pg';
import { type CopyStreamQuery, from as copyFrom } from 'pg-copy-streams';
import { type BackupHeader, type BackupRecord, type BackupSequence, invalid } from './backup-format.ts';
import { BACKUP_TABLES } from './backup-tables.ts';
import { readColumns, readSchemaVersion, readSequenceNames } from './catalog.ts';
import { quoted, type SnapshotProgress } from './take-snapshot.ts';

export interface LoadedTable {
  readonly name: string;
  readonly rows: number;
}

/** What a file holds, after all of it was read and its checksum held (LS1). */
export async function inspectBackup(records: AsyncIterable<BackupRecord>): Promise<BackupHeader> {
  let header: BackupHeader | null = null;
  for await (const record of records) if (record.kind === 'header') header = record.value;
  if (header === null) throw invalid('it has no header');
  return header;
}

/**
 * Loads a backup that {@link inspectBackup} has accepted into a migrated, empty database. Rejects with
 * ACKLINE_RESTORE_REFUSED (services run, or it is not empty) or ACKLINE_BACKUP_INVALID (another schema).
 */
export async function loadSnapshot(
  client: Client,
  records: AsyncIterable<BackupRecord>,
  onProgress: (progress: SnapshotProgress) => void,
): Promise<readonly LoadedTable[]> {
  await client.query('begin'); // (LS2)
  try {
    const names = BACKUP_TABLES.map(table => table.name);
    await client.query(`lock table ${quoted(names)} in exclusive mode`); // (LS3)
    await refuseRunning(client);
    await refuseFilled(client);
    const loaded = await loadRecords(client, records, onProgress);
    await client.query('commit');
    return loaded;
  } catch (error) {
    await client.query('rollback').catch(() => undefined); // the connection is gone, and the transaction with it
    throw error;
  }
}

async function refuseRunning(client: Client): Promise<void> {
  const running = (await readProcessorStates(client)).filter(isAlive);
  if (running.length > 0) {
    throw new AppError(
      'ACKLINE_RESTORE_REFUSED',
      `A processor works on this database (its last sign of life is ${Math.round((running[0]?.ageMs ?? 0) / 1_000)} s old)`,
    );
  }
}

async function refuseFilled(client: Client): Promise<void> {
  for (const { name, filledAtStart } of BACKUP_TABLES) {
    if (filledAtStart !== undefined) await client.query(`delete from "${name}" ${filledAtStart}`);
    const result = await client.query(`select from "${name}" limit 1`);
    if (result.rowCount !== 0) {
      throw new AppError('ACKLINE_RESTORE_REFUSED', `The database is not empty: the table ${name} has rows`);
    }
  }
}

async function loadRecords(
  client: Client,
  records: AsyncIterable<BackupRecord>,
  onProgress: (progress: SnapshotProgress) => void,
): Promise<LoadedTable[]> {
  const loaded: LoadedTable[] = [];
  let header: BackupHeader | null = null;
  let copy: CopyStreamQuery | null = null;
  let progress: SnapshotProgress = { table: '', rows: 0, bytes: 0 };
  for await (const record of records) {
    switch (record.kind) {
      case 'header':
        header = record.value;
        await checkHeader(client, header);
        await makePartitions(client, header);
        break;
      case 'table':
        copy = startCopy(client, header, record.value.name);
        progress = { ...progress, table: record.value.name };
        break;
      case 'rows':
        if (copy !== null) await writeRows(copy, record.value);
        progress = { ...progress, bytes: progress.bytes + record.value.length };
        onProgress(progress);
        break;
      case 'table-end':
        if (copy !== null) await endCopy(copy, record.value);
        progress = { ...progress, rows: progress.rows + record.value.rows };
        loaded.push(record.value);
        break;
      case 'sequences':
        await setSequences(client, record.value);
        break;
      default: {
        const never: never = record;
        return never;
      }
    }
  }
  return loaded;
}

async function checkHeader(client: Client, header: BackupHeader): Promise<void> {
  const version = await readSchemaVersion(client);
  if (header.schemaVersion !== version) {
    throw invalid(`it has schema version ${header.schemaVersion}, the database has ${version}`);
  }
  const known = new Set(BACKUP_TABLES.map(table => table.name));
  for (const table of header.tables) {
    if (!known.has(table.name)) throw invalid('it has a table that this release does not know');
    const columns = await readColumns(client, table.name);
    if (columns.join() !== table.columns.join()) throw invalid(`its table ${table.name} has other columns`);
  }
}

/** Days that are past have no partition in a new database; without one their rows would lie in the default partition. */
async function makePartitions(client: Client, header: BackupHeader): Promise<void> {
  for (const table of header.tables) {
    for (const day of table.days) {
      // Name and day have their form checked: see backup-format.ts and checkHeader.
      await client.query(
        `create table if not exists "${table.name}_${day.replaceAll('-', '')}" partition of "${table.name}"
           for values from ('${day}') to (date '${day}' + 1)`,
      );
    }
  }
}

function startCopy(client: Client, header: BackupHeader | null, name: string): CopyStreamQuery {
  const table = header?.tables.find(candidate => candidate.name === name);
  if (table === undefined) throw invalid('it has a table that its header does not name');
  const copy = client.query(copyFrom(`copy "${name}" (${quoted(table.columns)}) from stdin (format binary)`));
  copy.on('error', () => undefined); // whoever waits for it gets the error
  return copy;
}

async function writeRows(copy: CopyStreamQuery, rows: Buffer): Promise<void> {
  if (copy.errored !== null) throw copy.errored;
  if (!copy.write(rows)) await once(copy, 'drain');
}

async function endCopy(copy: CopyStreamQuery, expected: LoadedTable): Promise<void> {
  copy.end();
  await finished(copy);
  if (copy.rowCount !== expected.rows) {
    throw invalid(`the table ${expected.name} has ${copy.rowCount} rows instead of ${expected.rows}`);
  }
}

/** Not undone by a rollback, so last: a number that an empty database skips does no harm. */
async function setSequences(client: Client, sequences: readonly BackupSequence[]): Promise<void> {
  const known = await readSequenceNames(client);
  for (const { name, lastValue, isCalled } of sequences) {
    if (!known.includes(name)) throw invalid('it has a sequence that this release does not know');
    await client.query('select setval($1::text::regclass, $2::bigint, $3)', [name, lastValue, isCalled]);
  }
}
