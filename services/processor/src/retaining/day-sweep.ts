import type { Logger } from '@ackline/runtime/logger';
import type { RetentionConfig } from '@ackline/shared/config/types';
import { lockWaitMs } from '@ackline/store/lock-patience';
import { type DayProgress, dropDay, listExpiredDays } from '@ackline/store/retention';
import type { PoolClient } from 'pg';

/** A look at what is over; what somebody was in the way of is tried again the next minute. */
const EVERY_MS = 60 * 60_000;
/** Tries in a row, a minute apart, after which somebody should look: by then each waits as long as it may. */
const STUCK_AFTER_TRIES = 5;

export interface DaySweepDeps {
  /** As ackline.yaml has it now. */
  readonly retention: () => RetentionConfig;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/** A day that is over, and that this processor did not get the locks for, so many times in a row. */
export interface StuckDay {
  readonly day: string;
  readonly tries: number;
}

export interface DaySweep {
  /** null: none is. */
  readonly stuck: StuckDay | null;
  sweep(client: PoolClient, signal: AbortSignal): Promise<void>;
}

/** Drops days that are over. One that does not get its locks waits a little longer for them each time. */
export function createDaySweep({ retention, log, now = () => performance.now() }: DaySweepDeps): DaySweep {
  let restsUntil = Number.NEGATIVE_INFINITY;
  let stuck: StuckDay | null = null;
  let left: { readonly day: string; readonly progress: DayProgress } | null = null;

  /** Whether the next day can have its turn. */
  async function drop(client: PoolClient, day: string, signal: AbortSignal): Promise<boolean> {
    const result = await dropDay(client, day, {
      signal,
      lockLimitMs: lockWaitMs(stuck?.tries ?? 0),
      ...(left?.day === day ? { progress: left.progress } : {}),
    });
    switch (result.kind) {
      case 'stopped':
        return false;
      case 'busy':
        left = { day, progress: result.progress };
        stuck = { day, tries: (stuck?.tries ?? 0) + 1 };
        if (stuck.tries < STUCK_AFTER_TRIES) log.warn(stuck, 'retention.day-busy');
        else log.error(stuck, 'retention.day-stuck');
        return false;
      case 'partly':
        left = { day, progress: result.progress };
        stuck = null;
        return false;
      case 'dropped':
        stuck = null;
        log.info({ day, kept: result.kept }, 'retention.day-dropped');
        return true;
      default: {
        const never: never = result;
        return never;
      }
    }
  }

  return {
    get stuck() {
      return stuck;
    },
    async sweep(client, signal) {
      if (now() < restsUntil) return;
      for (const day of await listExpiredDays(client, retention().eventsDays)) {
        if (!(await drop(client, day, signal))) return;
      }
      stuck = null; // also where a replay has come to need it
      restsUntil = now() + EVERY_MS;
    },
  };
}
