import pg from 'pg';

/** Enough where nobody reads for long. */
const FIRST_WAIT_MS = 100;
/**
 * What comes behind a lock that is waited for waits as long: 2 s at most, which is within every limit of storing and delivering. It is
 * more than `deadlock_timeout` (1 s), after which an autovacuum gives way, and more than the transactions of a saturated server take.
 */
export const LONGEST_LOCK_WAIT_MS = 2_000;

/** Who stores waits longer than those that others queue behind, and leaves time of a statement's limit (5 s) for its work. */
export const STORING_LOCK_LIMIT_MS = 3_000;

/** How long a lock that others queue behind may be waited for, after so many tries in vain: twice as long each time. */
export function lockWaitMs(triesInVain: number): number {
  return Math.min(FIRST_WAIT_MS * 2 ** triesInVain, LONGEST_LOCK_WAIT_MS);
}

/** lock_timeout, or the victim of a deadlock. */
const GAVE_WAY = new Set(['55P03', '40P01']);

/** Whether the statement gave up, since somebody was in its way. */
export function gaveWay(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code !== undefined && GAVE_WAY.has(error.code);
}

/** Whether the server ended the statement at its limit. */
export function reachedLimit(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '57014';
}
