import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '@ackline/shared/app-error';
import type { DataLayout } from './layout.ts';
import { readUpState, type UpState } from './up-state.ts';

/** A command that only looks whether the lock is free holds it for a moment; a start must not fail on that. */
const WAIT_MS = 1_000;
/** SQLITE_BUSY: another process holds the lock. */
const BUSY = 5;

export interface DirectoryLock extends Disposable {
  /** What an `up` that was killed left behind; null after a clean end. */
  readonly leftover: UpState | null;
}

/**
 * Takes the data directory for this process. The lock is one of the operating system, through an empty SQLite file (Node has
 * no flock): it ends with the process, however that ends, so no stale lock is ever left and no process id has to be trusted.
 * Rejects with ACKLINE_DATA_DIRECTORY that names the holder.
 */
export async function lockDataDirectory(layout: DataLayout): Promise<DirectoryLock> {
  const lock = tryLock(layout, WAIT_MS);
  const state = await readUpState(layout);
  if (lock !== null) {
    // Nobody that runs has written it: other commands must not take it for true.
    rmSync(layout.upState, { force: true });
    return { leftover: state, [Symbol.dispose]: () => lock[Symbol.dispose]() };
  }
  const who = state === null ? 'another process' : `process ${state.pid} (since ${state.startedAt})`;
  throw new AppError('ACKLINE_DATA_DIRECTORY', `${layout.root} is in use by ${who}`);
}

/** What the `up` that works on the directory tells; null where none does. */
export async function readRunning(layout: DataLayout): Promise<UpState | null> {
  const state = await readUpState(layout);
  return state !== null && isLocked(layout) ? state : null;
}

/** True while some process has the directory. */
export function isLocked(layout: DataLayout): boolean {
  const lock = tryLock(layout, 0);
  lock?.[Symbol.dispose]();
  return lock === null;
}

/** null: somebody else has it. */
function tryLock(layout: DataLayout, waitMs: number): Disposable | null {
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(layout.lock, { timeout: waitMs });
    database.exec('pragma locking_mode = exclusive; begin exclusive');
    const held = database;
    return { [Symbol.dispose]: () => held.close() };
  } catch (error) {
    database?.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === BUSY) return null;
    const reason = error instanceof Error ? error.message : 'unknown reason';
    throw new AppError('ACKLINE_DATA_DIRECTORY', `${layout.lock} can not be locked (${reason})`, {
      cause: error,
    });
  }
}
