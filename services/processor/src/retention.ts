import { setTimeout as delay } from 'node:timers/promises';
import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import { tryAlone } from '@ackline/store/advisory-lock';
import type { Pool } from 'pg';
import { createDaySweep, type StuckDay } from './retaining/day-sweep.ts';
import { createKeptSweep } from './retaining/kept-sweep.ts';
import { createKeySweep, type KeySweepDeps } from './retaining/key-sweep.ts';

/** What failed, or did not get its lock, is tried again so much later. */
const ROUND_EVERY_MS = 60_000;
/** Any number that nothing else in the database uses for an advisory lock. */
const RETENTION_LOCK = 4_207_151_894;

export interface RetentionDeps extends KeySweepDeps {
  /** Its own, of one connection with a long limit. */
  readonly pool: Pool;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

export interface Retention extends Component {
  /** A day whose locks this processor did not get when it tried last; null: there is none. */
  readonly stuck: StuckDay | null;
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
    get stuck() {
      return days.stuck;
    },
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
