import { closeSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { checksum, type FoundRow, readRow, type StoredRow } from './checked-row.ts';
import { COLUMNS, isBlank, openLocked, removeNames, SCHEMA, SCHEMA_VERSION } from './spool-database.ts';
import { syncDirectory } from './spool-directory.ts';
import { type PackedRows, packRows, type StoredBatch, unpackRows } from './spool-protocol.ts';
import { isCorrupt, isHeld, UnreadableFileError } from './spool-trouble.ts';

/**
 * One file of the spool: a SQLite database that one process at a time holds.
 *
 * SP1. `append` returns only after COMMIT did, and COMMIT only after the fsync of the write-ahead log (`synchronous=FULL`).
 * SP2. The holder has SQLite's exclusive lock from opening to closing; the kernel gives it back when the process dies. Names
 *      are removed only under it. Nothing else in the process may open the file: closing any descriptor of it would give
 *      the lock back (POSIX).
 * SP3. Before the first row is in: the lock is held, the name is still there, and the directory is fsynced. Who finds a
 *      file without rows may remove it, also while its maker is about to lock it. After each commit the name is looked for
 *      again.
 * SP4. A row goes only when the target has it and every row before it that was not quarantined.
 * SP5. After a write that failed, other than for want of room, no row is added to the file any more: what the kernel did not
 *      write it may have forgotten, and a later fsync would say nothing of it. (kept by spool-worker.ts)
 * SP6. A row whose checksum is wrong is quarantined, never sent. A file that can not be read is never removed.
 * SP7. Numbers of rows only grow while the file is open, also when it was empty in between.
 */
export interface SpoolFile {
  readonly name: string;
  /** Rows that the target does not have. */
  readonly events: number;
  readonly quarantined: number;
  readonly oldestAt: number | null;
  /** It can not be read to its end: it gets no row and is not written any more; what can be read of it is. */
  readonly damaged: boolean;
  /** On disk, without pages that are free to be written again. */
  readonly bytes: number;
  /** On disk, with them. */
  readonly diskBytes: number;
  /** (SP1) One transaction. */
  append(rows: PackedRows, now: number): void;
  /** Writes as much as a small batch does. */
  probe(): void;
  /** (SP6) The first rows that were not taken, and lie behind `n`; null where there is none. One row at least, whatever its size. */
  read(maxEvents: number, maxBytes: number, n?: number): StoredBatch | null;
  /** (SP4) The target has what is up to `n`: `sweep` may delete it. Tells how many rows that are. */
  remove(n: number): number;
  /** The row is out of the way from now on, and moved by `sweep`. */
  quarantine(n: number, reason: string): void;
  /** Deletes and moves rows. Throws where the disk does not take that, and goes on where it stopped when called again. */
  sweep(): void;
  close(): void;
  /** Removes the names, under the lock, and closes. Only for a file that holds nothing. */
  destroy(): void;
}

/** As a small batch of events. */
const PROBE_BYTES = 65_536;
const FILE_MODE = 0o600;
/** Rows in a row that a damaged page hides: beyond this the search would take the thread for seconds. */
const MAX_SALVAGE_MISSES = 10_000;
/** An id, times and an envelope take more. */
const MIN_ROW_BYTES = 128;
/** Looked at in one reading: more than any batch has. */
const LOOKED_AT_ROWS = 1_000;

/** A new file that this process holds. Throws where the disk does not take it, and leaves no name behind then. */
export function createSpoolFile(directory: string, name: string): SpoolFile {
  const path = join(directory, name);
  closeSync(openSync(path, 'wx', FILE_MODE)); // before SQLite has it (SP2); its log gets the same mode
  let db: DatabaseSync | null = null;
  try {
    db = openLocked(path);
    db.exec(`begin immediate; ${SCHEMA}; commit`);
    syncDirectory(directory);
    statSync(path); // (SP3) throws if somebody took it for an abandoned one
    return new File(directory, name, db);
  } catch (error) {
    removeNames(path);
    db?.close();
    throw error;
  }
}

/**
 * A file that another process left. 'held': that process lives, or a third one was faster. null: it held nothing, and is
 * removed. Throws where it can not be read.
 */
export function adoptSpoolFile(directory: string, name: string): SpoolFile | 'held' | null {
  const path = join(directory, name);
  let db: DatabaseSync | null = null;
  try {
    db = openLocked(path);
    statSync(path); // removed by a third process between the listing and the lock
    const version = Number(db.prepare('pragma user_version').get()?.['user_version']);
    if (version === 0 && isBlank(db)) {
      removeNames(path); // (SP3) its maker died, or will notice
      db.close();
      return null;
    }
    if (version !== SCHEMA_VERSION)
      throw new UnreadableFileError(`The file has form ${version}, this release reads ${SCHEMA_VERSION}`);
    return new File(directory, name, db);
  } catch (error) {
    db?.close();
    if (isHeld(error)) return 'held';
    throw error;
  }
}

class File implements SpoolFile {
  readonly name: string;
  quarantined: number;
  oldestAt: number | null = null;
  damaged = false;
  readonly #path: string;
  readonly #db: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #selectBehind: StatementSync;
  readonly #selectOne: StatementSync;
  /** (SP7) */
  #nextN: number;
  /** The target has the rows up to this one, deleted or not. */
  #takenN: number;
  #undeleted = false;
  /** Numbers behind `takenN` that are no event's: quarantined, or not readable. */
  readonly #gaps: Set<number>;
  /** Rows that are quarantined, with the reason, and still lie among the others: the disk did not take the move yet. */
  readonly #aside = new Map<number, string>();

  constructor(directory: string, name: string, db: DatabaseSync) {
    this.name = name;
    this.#path = join(directory, name);
    this.#db = db;
    this.#insert = db.prepare(`insert into spool (n, ${COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?)`);
    this.#selectBehind = db.prepare(`select n, ${COLUMNS} from spool where n > ? order by n limit ?`);
    this.#selectOne = db.prepare(`select n, ${COLUMNS} from spool where n = ?`);
    this.#selectBehind.setReadBigInts(true);
    this.#selectOne.setReadBigInts(true);
    this.#nextN = this.#number('select coalesce(max(n), 0) + 1 from spool');
    this.#takenN = this.#number('select coalesce(min(n), 1) - 1 from spool');
    this.#limitNumbers();
    this.quarantined = this.#number('select count(*) from quarantine');
    const gaps = db.prepare('select n from quarantine where n > ? and n < ?').all(this.#takenN, this.#nextN);
    this.#gaps = new Set(gaps.map(gap => Number(gap['n'])));
    this.#readOldest();
  }

  /** Numbers have no other gaps: the file need not be read to be counted. */
  get events(): number {
    return this.#nextN - 1 - this.#takenN - this.#gaps.size;
  }

  get bytes(): number {
    return this.diskBytes - this.#number('pragma freelist_count') * this.#number('pragma page_size');
  }

  get diskBytes(): number {
    const pages = this.#number('pragma page_count') * this.#number('pragma page_size');
    return pages + (statSync(`${this.#path}-wal`, { throwIfNoEntry: false })?.size ?? 0);
  }

  append(rows: PackedRows, now: number): void {
    this.#transaction(() => {
      let n = this.#nextN;
      for (const { row } of unpackRows(rows)) {
        const { id, keyHash, afterOffset, keyId, meta, body } = row;
        this.#insert.run(n, id, keyHash, afterOffset, keyId, meta, body, checksum(row), now);
        n += 1;
      }
    });
    this.#nextN += rows.heads.length;
    this.oldestAt ??= now;
    statSync(this.#path); // (SP3) where the directory was deleted under us, no row is kept
  }

  probe(): void {
    this.#db.exec(`insert or replace into probe (n, filler) values (1, zeroblob(${PROBE_BYTES}))`);
    this.#db.exec('delete from probe');
  }

  read(maxEvents: number, maxBytes: number, behind = 0): StoredBatch | null {
    const rows: StoredRow[] = [];
    let bytes = 0;
    for (const { n, row } of this.#rowsBehind(Math.max(this.#takenN, behind))) {
      if (row === null) {
        this.quarantine(n, 'checksum'); // (SP6)
        continue;
      }
      bytes += row.meta.byteLength + row.body.byteLength;
      if (rows.length > 0 && bytes > maxBytes) break;
      rows.push({ ...row, n });
      if (rows.length === maxEvents) break;
    }
    if (rows.length === 0) return null;
    const { heads, bytes: packed } = packRows(rows);
    return {
      file: this.name,
      rows: { heads: heads.map((head, i) => ({ ...head, n: rows[i]?.n ?? 0 })), bytes: packed },
    };
  }

  remove(n: number): number {
    if (n <= this.#takenN) return 0;
    const before = this.events;
    this.#takenN = Math.min(n, this.#nextN - 1);
    for (const gap of this.#gaps) if (gap <= n) this.#gaps.delete(gap);
    this.#undeleted = true;
    this.#readOldest();
    return before - this.events;
  }

  quarantine(n: number, reason: string): void {
    if (n <= this.#takenN || this.#gaps.has(n)) return;
    this.#gaps.add(n);
    this.#aside.set(n, reason);
    this.quarantined += 1;
  }

  sweep(): void {
    if (this.damaged) return; // writing would make it worse
    for (const [n, reason] of this.#aside) {
      this.#transaction(() => {
        this.#db.prepare('insert into quarantine select *, ? from spool where n = ?').run(reason, n);
        this.#db.prepare('delete from spool where n = ?').run(n);
      });
      this.#aside.delete(n);
    }
    if (!this.#undeleted) return;
    this.#db.prepare('delete from spool where n <= ?').run(this.#takenN);
    this.#undeleted = false;
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  destroy(): void {
    removeNames(this.#path); // (SP2)
    this.close();
  }

  /** In order; from the first damaged page on one by one, so that what lies behind it is found too. */
  *#rowsBehind(knownN: number): Generator<FoundRow> {
    let lastN = knownN;
    try {
      if (!this.damaged) {
        const limit = LOOKED_AT_ROWS + this.#gaps.size;
        let looked = 0;
        for (const found of this.#selectBehind.iterate(knownN, limit)) {
          looked += 1;
          const n = Number(found['n']);
          if (n <= lastN || n >= this.#nextN) throw new UnreadableFileError('Numbers out of order');
          lastN = n;
          if (!this.#gaps.has(n)) yield { n, row: readRow(found) };
        }
        if (looked === limit || !this.#misses(lastN)) return;
        throw new UnreadableFileError('Rows are missing at the end');
      }
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      this.damaged = true;
    }
    yield* this.#salvage(lastN);
  }

  /** Rows behind `n` should be there that are not quarantined. */
  #misses(n: number): boolean {
    let asideBehind = 0;
    for (const gap of this.#gaps) if (gap > n) asideBehind += 1;
    return this.#nextN - 1 - n > asideBehind;
  }

  *#salvage(knownN: number): Generator<FoundRow> {
    let misses = 0;
    for (let n = knownN + 1; n < this.#nextN && misses < MAX_SALVAGE_MISSES; n += 1) {
      if (this.#gaps.has(n)) continue;
      const found = this.#readOne(n);
      if (found === null) {
        this.#gaps.add(n);
        misses += 1;
      } else {
        misses = 0;
        yield { n, row: readRow(found) };
      }
    }
    if (misses === MAX_SALVAGE_MISSES) this.#giveUp(knownN);
  }

  /** Nothing behind `n` can be found: the rest is for a person. */
  #giveUp(n: number): void {
    this.#nextN = n + 1;
    for (const gap of this.#gaps) if (gap > n) this.#gaps.delete(gap);
  }

  /** A damaged page can say that there are more rows than the file has room for. */
  #limitNumbers(): void {
    const rows = Math.floor(this.diskBytes / MIN_ROW_BYTES);
    if (this.#nextN - this.#takenN - 1 <= rows && this.#takenN >= 0) return;
    this.damaged = true;
    this.#takenN = Math.max(0, this.#takenN);
    this.#nextN = this.#takenN + 1 + rows;
  }

  #readOne(n: number): Record<string, unknown> | null {
    try {
      return this.#selectOne.get(n) ?? null;
    } catch (error) {
      if (isCorrupt(error)) return null;
      throw error;
    }
  }

  #readOldest(): void {
    if (this.events === 0) this.oldestAt = null;
    else if (!this.damaged) {
      const first = this.#db.prepare('select spooled_at from spool where n > ? order by n limit 1');
      this.oldestAt = Number(first.get(this.#takenN)?.['spooled_at'] ?? 0) || null;
    }
  }

  /** The first column of the first row. */
  #number(sql: string): number {
    return Number(Object.values(this.#db.prepare(sql).get() ?? {})[0] ?? 0);
  }

  #transaction(write: () => void): void {
    this.#db.exec('begin immediate');
    try {
      write();
      this.#db.exec('commit'); // (SP1)
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('rollback'); // after some errors SQLite has done so itself
      throw error;
    }
  }
}
