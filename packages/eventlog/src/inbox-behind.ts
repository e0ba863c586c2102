import type { Logger } from '@ackline/runtime/logger';
import type { InboxPeek, LaneWaits, PastPeek, PeekPast } from '@ackline/store/inbox';

/** Rows that one question walks over, past those that wait: about 0.1 s of PostgreSQL's. */
const WALKED_ROWS = 20_000;
/** After one that failed the next is about half as many, and no fewer than these. */
const MIN_WALKED_ROWS = 500;
/** As long as one that fails takes: those that may go have at least half of the time. */
const WALK_AGAIN_MS = 5_000;

export interface LookBehindOptions {
  /** The rows behind the row `afterN`, past those that wait for a known record, and past keys that have earlier ones. */
  readonly peekPast: (look: PeekPast) => Promise<PastPeek>;
  /** Of one look. */
  readonly limit: number;
  readonly log: Pick<Logger, 'warn' | 'info'>;
  readonly now: () => number;
}

/**
 * The rows behind the first ones that nobody knows to wait: of a piece of the inbox at each look, so that any number of rows that wait
 * holds up the others for no more than the time to walk over them. null: that can't be told, and holds up none of the first ones.
 */
export function createLookBehind({
  peekPast,
  limit,
  log,
  now,
}: LookBehindOptions): (lastN: string, waits: LaneWaits) => Promise<readonly InboxPeek[] | null> {
  /** How far the rows were walked over; null: to their end. */
  let walkedTo: string | null = null;
  let window = WALKED_ROWS;
  let failing: { readonly untilMs: number } | null = null;

  return async (lastN, waits) => {
    if (failing !== null && now() < failing.untilMs) return null;
    const afterN = walkedTo === null || BigInt(walkedTo) < BigInt(lastN) ? lastN : walkedTo;
    try {
      const { rows, nextN } = await peekPast({ afterN, waits, window, limit });
      walkedTo = nextN;
      if (failing !== null && window === WALKED_ROWS) {
        log.info('inbox.look-recovered');
        failing = null;
      }
      if (nextN === null) window = Math.min(window * 2, WALKED_ROWS);
      return rows;
    } catch (error) {
      if (failing === null) log.warn({ err: error }, 'inbox.look-failed');
      failing = { untilMs: now() + WALK_AGAIN_MS };
      window = Math.max(Math.ceil(window / 2), MIN_WALKED_ROWS);
      return null;
    }
  };
}
