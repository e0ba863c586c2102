import { setTimeout as delay } from 'node:timers/promises';
import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import { tryAlone } from '@ackline/store/advisory-lock';
import { dropDay, listExpiredDays } from '@ackline/store/retention';
import type { Pool, PoolClient } from 'pg';
import { createKeptSweep } from './retaining/kept-sweep.ts';
import { createKeySweep, type KeySweepDeps } from './retaining/key-sweep.ts';

/** What failed, or did not get its lock, is tried again so much later. */
const ROUND_EVERY_MS = 60_000;
/** A look at what is over; what somebody was in the way of is tried again the next minute. */
const DAYS_EVERY_MS = 60 * 60_000;
/** Any number that nothing else in the database uses for an advisory lock. */
const RETENTION_LOCK = 4_207_151_894;

export interface RetentionDeps extends KeySweepDeps {
  /** Its own, of one connection with a long limit. */
  readonly pool: Pool;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

export interface Retention extends Component {
  /** Whether this processor was the one that did it: one at a time does. */
  round(signal: AbortSignal): Promise<boolean>;
}

/** Removes what was kept for long enough. Nothing waits for it, and nothing is lost where it is late. */
export function createRetention(deps: RetentionDeps): Retention {
  const keys = createKeySweep(deps);
  const days = createDaySweep(deps);
  const kept = createKeptSweep(deps);

  async function round(signal: AbortSignal): Promise<boolean> {
    return tryAlone(deps.pool, RETENTION_LOCK, async client => {
      for (const part of [days, kept, keys]) {
        // One that fails holds up no other. Where the connection is lost, giving the lock back fails too.
        await part
          .sweep(client, signal)
          .catch((error: unknown) => deps.log.error({ err: error }, 'retention.failed'));
      }
    });
  }

  return {
    name: 'retention',
    round,
    async run(signal) {
      while (!signal.aborted) {
        await delay(ROUND_EVERY_MS, undefined, { signal }).catch(() => undefined);
        if (signal.aborted) return;
        await round(signal).catch((error: unknown) => deps.log.error({ err: error }, 'retention.failed'));
      }
    },
  };
}

function createDaySweep({ retention, log }: RetentionDeps) {
  let restsUntil = 0;
  return {
    async sweep(client: PoolClient, signal: AbortSignal): Promise<void> {
      if (performance.now() < restsUntil) return;
      const { eventsDays } = retention();
      for (const day of await listExpiredDays(client, eventsDays)) {
        const result = await dropDay(client, day, signal);
        if (result.kind === 'stopped') return;
        if (result.kind === 'busy') {
          log.warn({ day }, 'retention.day-busy');
          return;
        }
        log.info({ day, kept: result.kept }, 'retention.day-dropped');
      }
      restsUntil = performance.now() + DAYS_EVERY_MS;
    },
  };
}
