import { unlinkSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

/** Refuses to read what another release wrote in another form. */
export const SCHEMA_VERSION = 1;
/** Larger than any transaction's hot pages need, small beside the 130 MB of an ingress process. */
const CACHE_KIB = 512;
/** 512 KiB of log: what a small disk can spare, and seldom enough that checkpoints cost few fsyncs. */
const CHECKPOINT_PAGES = 128;
/** The log is written again from its start, and cut to this after a large batch. */
const MAX_IDLE_LOG_BYTES = 1024 * 1024;

export const COLUMNS = 'id, key_hash, after_offset, key_id, meta, body, checksum, spooled_at';
const COLUMN_TYPES = `n integer primary key, id text not null, key_hash integer not null, after_offset integer not null,
  key_id text not null, meta blob not null, body blob not null, checksum integer not null, spooled_at integer not null`;
export const SCHEMA = `
  create table spool (${COLUMN_TYPES}) strict;
  create table quarantine (${COLUMN_TYPES}, reason text not null) strict;
  create table probe (n integer primary key, filler blob not null) strict;
  pragma user_version = ${SCHEMA_VERSION}`;

/** The database, under the lock of its holder (SP2 of spool-file.ts). Never makes a file. */
export function openLocked(path: string): DatabaseSync {
  const url = pathToFileURL(path);
  url.searchParams.set('mode', 'rw');
  const db = new DatabaseSync(url, { timeout: 0 });
  try {
    db.exec('pragma locking_mode = exclusive; begin exclusive; commit');
    db.exec(`pragma journal_mode = wal; pragma synchronous = full; pragma cache_size = -${CACHE_KIB};
      pragma wal_autocheckpoint = ${CHECKPOINT_PAGES}; pragma journal_size_limit = ${MAX_IDLE_LOG_BYTES}; pragma trusted_schema = off`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

export function isBlank(db: DatabaseSync): boolean {
  return db.prepare('select 1 from sqlite_schema limit 1').get() === undefined;
}

/** Of the database and what SQLite puts beside it. */
export function removeNames(path: string): void {
  for (const name of [path, `${path}-wal`, `${path}-shm`, `${path}-journal`]) {
    try {
      unlinkSync(name);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }
}
