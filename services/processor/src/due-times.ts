import type { Logger } from '@ackline/runtime/logger';
import { clockAheadMs } from '@ackline/store/clock';
import { ALL_DELIVERIES, shortenWaits } from '@ackline/store/due-times';
import type { Pool } from 'pg';

/** A clock that is put right by less delays nothing that anybody would notice. */
const SET_BACK_MS = 1_000;
/** From then, they are looked through again and again: a transaction that began before may commit after. Longer than any lasts. */
const LOOK_FOR_MS = 60_000;
/** Of a round. */
const PIECES = 20;

export interface DueTimesDeps {
  readonly pool: Pool;
  readonly log: Pick<Logger, 'warn'>;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/**
 * Sees PostgreSQL's clock be set back, and then goes through the deliveries, so that none waits for longer than it was told to. So it does once
 * when the processor starts: nobody may have been there to see it. Any number of processors may do it at once.
 */
export function createDueTimes({ pool, log, now = () => performance.now() }: DueTimesDeps) {
  /** Of PostgreSQL's clock from `now`, at least; null: not known yet. */
  let aheadMs: number | null = null;
  let place: string | null = ALL_DELIVERIES;
  let lookUntil = Number.NEGATIVE_INFINITY;

  async function watch(): Promise<void> {
    const askedAt = now();
    const least = await clockAheadMs(pool, now);
    const most = least + now() - askedAt;
    const backMs = aheadMs === null ? 0 : aheadMs - most;
    aheadMs = least;
    if (backMs < SET_BACK_MS) return;
    log.warn({ byMs: Math.round(backMs) }, 'database.clock-set-back');
    place = ALL_DELIVERIES;
    lookUntil = now() + LOOK_FOR_MS;
  }

  return {
    async round(): Promise<void> {
      await watch();
      let moved = 0;
      for (let n = 0; n < PIECES && place !== null; n++) {
        const piece = await shortenWaits(pool, place);
        moved += piece.moved;
        place = piece.next;
      }
      if (place === null && now() < lookUntil) place = ALL_DELIVERIES;
      if (moved > 0) log.warn({ count: moved }, 'delivery.waits-shortened');
    },
  };
}
