import type { Logger } from '@ackline/runtime/logger';
import { ensureDayPartitions } from '@ackline/store/day-partitions';
import { lockWaitMs } from '@ackline/store/lock-patience';
import type { PoolClient } from 'pg';

/** Partitions exist seven days ahead; an hour leaves room for many failures. */
const EVERY_MS = 60 * 60_000;

export interface DayMakingDeps {
  readonly log: Pick<Logger, 'warn'>;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/** Makes the partitions of days to come. A long reader (a backup) makes it fail: days are in hand, and the next round tries again. */
export function createDayMaking({ log, now = () => performance.now() }: DayMakingDeps) {
  let restsUntil = Number.NEGATIVE_INFINITY;
  let tries = 0;
  return {
    async make(client: PoolClient): Promise<void> {
      if (now() < restsUntil) return;
      try {
        await ensureDayPartitions(client, lockWaitMs(tries));
        tries = 0;
        restsUntil = now() + EVERY_MS;
      } catch (error) {
        tries += 1;
        log.warn({ err: error, tries }, 'partitions.not-created');
      }
    },
  };
}
