import type { Logger } from '@ackline/runtime/logger';
import type { RetentionConfig } from '@ackline/shared/config/types';
import { lockWaitMs } from '@ackline/store/lock-patience';
import { type DayProgress, type DayResult, dropDay, listExpiredDays } from '@ackline/store/retention';
import type { PoolClient } from 'pg';

/** A look at what is over; what somebody was in the way of is tried again the next minute. */
const EVERY_MS = 60 * 60_000;
/** A day that failed may have read all deliveries before it did, so it is left alone for so long, whatever becomes of the others. */
const AFTER_FAILURE_MS = 10 * 60_000;
const NO_REST = Number.NEGATIVE_INFINITY;
/** Tries in a row, a minute apart, after which somebody should look: by then each waits as long as it may. */
const STUCK_AFTER_TRIES = 5;

export interface DaySweepDeps {
  /** As ackline.yaml has it now. */
  readonly retention: () => RetentionConfig;
  /** Whether ackline.yaml was refused when it was read last, so that what is in force is not what it says. */
  readonly isRefused: () => boolean;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/** A day that is over and that could not be dropped, since it did not get its locks or since it failed, so many times in a row. */
export interface StuckDay {
  readonly day: string;
  readonly tries: number;
}

interface Begun {
  readonly progress: DayProgress;
  /** In vain, in a row. */
  readonly tries: number;
  /** After a failure. */
  readonly restsUntil: number;
}

/** After these the next day has its own. */
const HAD_THEIR_TURN: ReadonlySet<DayResult['kind']> = new Set(['dropped', 'needed', 'failed']);

export interface DaySweep {
  /** null: none is. */
  readonly stuck: StuckDay | null;
  sweep(client: PoolClient, signal: AbortSignal): Promise<void>;
}

/** Days that were begun, and how each has fared. */
function createBegunDays({ log, now }: Required<Pick<DaySweepDeps, 'log' | 'now'>>) {
  const begun = new Map<string, Begun>();

  function tried(day: string, progress: DayProgress, restsUntil = NO_REST): StuckDay {
    const tries = (begun.get(day)?.tries ?? 0) + 1;
    begun.set(day, { progress, tries, restsUntil });
    return { day, tries };
  }

  function note(day: string, result: DayResult): void {
    switch (result.kind) {
      case 'stopped':
        break;
      case 'busy': {
        const stuck = tried(day, result.progress);
        if (stuck.tries < STUCK_AFTER_TRIES) log.warn(stuck, 'retention.day-busy');
        else log.error(stuck, 'retention.day-stuck');
        break;
      }
      case 'failed':
        log.error(
          { err: result.error, ...tried(day, result.progress, now() + AFTER_FAILURE_MS) },
          'retention.day-failed',
        );
        break;
      case 'partly':
        begun.set(day, { progress: result.progress, tries: 0, restsUntil: NO_REST });
        break;
      case 'needed':
        begun.delete(day);
        break;
      case 'dropped':
        begun.delete(day);
        log.info({ day, kept: result.kept }, 'retention.day-dropped');
        break;
      default: {
        const never: never = result;
        return never;
      }
    }
  }

  return { begun, note };
}

/**
 * Drops days that are over, the oldest first: it knows when, how patiently, and how far each has come. What is dropped, and how, is
 * the store's (`packages/store/src/retention.ts`). One that does not get its locks waits a little longer for them each time, and the others
 * wait with it, since they need the same ones; one that fails rests, and keeps no other from its turn.
 */
export function createDaySweep(deps: DaySweepDeps): DaySweep {
  const { retention, isRefused, log, now = () => performance.now() } = deps;
  let restsUntil = NO_REST;
  /** Of the term: each begins with a look, since another may have held retention meanwhile. How days have fared outlives it. */
  let lastClient: PoolClient | null = null;
  const { begun, note } = createBegunDays({ log, now });

  async function drop(client: PoolClient, day: string, signal: AbortSignal): Promise<DayResult['kind']> {
    const { tries = 0, progress } = begun.get(day) ?? {};
    const result = await dropDay(client, day, {
      signal,
      lockLimitMs: lockWaitMs(tries),
      ...(progress === undefined ? {} : { progress }),
    });
    note(day, result);
    return result.kind;
  }

  return {
    get stuck() {
      const [first] = [...begun].filter(([, { tries }]) => tries > 0);
      return first === undefined ? null : { day: first[0], tries: first[1].tries };
    },
    async sweep(client, signal) {
      if (client !== lastClient) restsUntil = NO_REST;
      lastClient = client;
      if (now() < restsUntil) return;
      const { eventsDays } = retention();
      const days = await listExpiredDays(client, eventsDays);
      for (const day of begun.keys()) if (!days.includes(day)) begun.delete(day); // a replay has come to need it
      for (const day of days) {
        if (isRefused() || retention().eventsDays !== eventsDays) return; // since the days before it went
        if ((begun.get(day)?.restsUntil ?? NO_REST) > now()) continue;
        if (!HAD_THEIR_TURN.has(await drop(client, day, signal))) return;
      }
      restsUntil = Math.min(now() + EVERY_MS, ...[...begun.values()].map(day => day.restsUntil));
    },
  };
}
