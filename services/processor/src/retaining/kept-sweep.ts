import type { RetentionConfig } from '@ackline/shared/config/types';
import { type KeptPlace, sweepKept } from '@ackline/store/kept-sweep';
import type { PoolClient } from 'pg';

/** From the end to the next look-through. */
const EVERY_MS = 60 * 60_000;
/** Of a round: 200,000 rows are looked at, whatever is kept. */
const STATEMENTS_A_ROUND = 20;

export interface KeptSweepDeps {
  /** As ackline.yaml has it now. */
  readonly retention: () => RetentionConfig;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

export interface KeptSweep {
  sweep(client: PoolClient, signal: AbortSignal): Promise<void>;
}

/** Goes through what dropped days have left, and goes on where the last round ended. */
export function createKeptSweep({ retention, now = () => performance.now() }: KeptSweepDeps): KeptSweep {
  let place: KeptPlace | null = null;
  let restsUntil = Number.NEGATIVE_INFINITY;
  return {
    async sweep(client, signal) {
      if (now() < restsUntil) return;
      for (let n = 0; n < STATEMENTS_A_ROUND && !signal.aborted; n++) {
        const { next } = await sweepKept(client, retention().eventsDays, place);
        place = next;
        if (next !== null) continue;
        restsUntil = now() + EVERY_MS;
        return;
      }
    },
  };
}
