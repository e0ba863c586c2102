import type { SpoolTrouble } from './spool-protocol.ts';

/** The primary result codes of SQLite that say something about the disk or the file (https://www.sqlite.org/rescode.html). */
const SQLITE_BUSY = 5;
const SQLITE_READONLY = 8;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;
/** An extended code holds the primary one in its low byte. */
const PRIMARY_MASK = 0xff;

const READ_ONLY_CODES = new Set(['EROFS', 'EACCES', 'EPERM']);
const FULL_CODES = new Set(['ENOSPC', 'EDQUOT']);
/** An error's text goes to `/health` and the log. */
const MAX_DETAIL_CHARS = 200;

/** What an error of SQLite or of the filesystem says about appending. Its detail holds no row. */
export function describeTrouble(error: unknown): SpoolTrouble {
  const detail = describe(error);
  const sqlite = sqliteCode(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (sqlite === SQLITE_FULL || FULL_CODES.has(code)) return { state: 'full', detail };
  if (sqlite === SQLITE_READONLY || READ_ONLY_CODES.has(code)) return { state: 'read_only', detail };
  if (isCorrupt(error)) return { state: 'corrupt', detail };
  return { state: 'failed', detail };
}

/** A file that SQLite opens and that is not what this release wrote. */
export class UnreadableFileError extends Error {}

/** The file is no SQLite database, or a damaged one, or none of ours. */
export function isCorrupt(error: unknown): boolean {
  if (error instanceof UnreadableFileError) return true;
  const sqlite = sqliteCode(error);
  return sqlite === SQLITE_CORRUPT || sqlite === SQLITE_NOTADB;
}

/** Somebody else holds the file. */
export function isHeld(error: unknown): boolean {
  return sqliteCode(error) === SQLITE_BUSY;
}

function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null;
  return error.errcode & PRIMARY_MASK;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  // A system's own message names the path, and this text is shown to everybody who asks for `/health`.
  if ('syscall' in error && 'code' in error) return `${String(error.code)} (${String(error.syscall)})`;
  const code = sqliteCode(error);
  return `${error.message}${code === null ? '' : ` (SQLite ${code})`}`.slice(0, MAX_DETAIL_CHARS);
}
