import { setTimeout as delay } from 'node:timers/promises';
import { isFinal, readSeqMark, type SeqMark } from '@ackline/store/event-feed';
import type { EventPlace } from '@ackline/store/event-places';
import type { Pool } from 'pg';

/** A storing transaction takes some milliseconds. */
const LOOK_EVERY_MS = 25;
/** One that takes longer than this holds the caller up for this call alone: it asks again. */
const PATIENCE_MS = 1_000;

export interface StoredUntil {
  /** The greatest number that was given to an event. */
  readonly mark: EventPlace;
  /** All up to it is there to be read, or never will be (EF2); null: it is not known yet. */
  readonly final: EventPlace | null;
}

export async function readStoredUntil(
  reads: Pick<Pool, 'query'>,
  patienceMs = PATIENCE_MS,
): Promise<StoredUntil> {
  const mark = await readSeqMark(reads);
  const until = performance.now() + patienceMs;
  for (let now: SeqMark = mark; ; now = await readSeqMark(reads)) {
    if (now.storing.size === 0) return { mark, final: now };
    if (now !== mark && isFinal(mark, now)) return { mark, final: mark };
    if (performance.now() > until) return { mark, final: null };
    await delay(LOOK_EVERY_MS);
  }
}
