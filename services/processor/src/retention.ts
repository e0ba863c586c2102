import { setTimeout as delay } from 'node:timers/promises';
import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import type { RetentionConfig } from '@ackline/shared/config/types';
import { tryAlone } from '@ackline/store/advisory-lock';
import { sweepEventKeys } from '@ackline/store/event-keys';
import { dropDay, listExpiredDays, sweepKept } from '@ackline/store/retention';
import type { Pool, PoolClient } from 'pg';
import { dedupWindowMs, WITHOUT_END } from './dedup-window.ts';

/** What failed, or did not get its lock, is tried again so much later. */
const ROUND_EVERY_MS = 60_000;
/** A look at what is over; what somebody was in the way of is tried again the next minute. */
const DAYS_EVERY_MS = 60 * 60_000;
/** Any number that nothing else in the database uses for an advisory lock. */
const RETENTION_LOCK = 4_207_151_894;
/** Bounds of a round, so that the server is not held up by it: it reads 256 MiB of keys at most. */
const MAX_REMOVED_KEYS = 200_000;
const MAX_KEY_STATEMENTS = 256;
/** From the end of the table to its next look-through: keys go an hour late, and the disk has rest. */
const KEYS_REST_MS = 60 * 60_000;

export interface RetentionDeps {
  /** Its own, of one connection with a long limit. */
  readonly pool: Pool;
  /** As ackline.yaml has it now. */
  readonly retention: () => RetentionConfig;
  /** How long the topic keeps a record at most, once a broker has told; null: there is no Kafka. */
  readonly topicRetentionMs: (() => number | null) | null;
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

  async function round(signal: AbortSignal): Promise<boolean> {
    return tryAlone(deps.pool, RETENTION_LOCK, async client => {
      for (const part of [days, keys]) {
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
      await sweepKept(client, eventsDays, signal);
      restsUntil = performance.now() + DAYS_EVERY_MS;
    },
  };
}

function createKeySweep({ retention, topicRetentionMs, log }: RetentionDeps) {
  let page = 0;
  let restsUntil = 0;
  let knownTopicMs: number | null = null;

  /** null: how long the topic keeps its records is not known yet, so no key may go. */
  function windowMs(): number | null {
    const topicMs = topicRetentionMs === null ? null : topicRetentionMs();
    if (topicRetentionMs !== null && topicMs === null) return null;
    const { dedupMs } = retention();
    const window = dedupWindowMs(dedupMs, topicMs);
    if (topicMs !== knownTopicMs) {
      knownTopicMs = topicMs;
      if (topicMs === WITHOUT_END) log.warn({ windowMs: window }, 'retention.topic-without-end');
      else if (window > dedupMs) log.info({ windowMs: window }, 'retention.window-raised');
    }
    return window;
  }

  return {
    async sweep(client: PoolClient, signal: AbortSignal): Promise<void> {
      const window = windowMs();
      if (window === null || performance.now() < restsUntil) return;
      let removed = 0;
      for (let n = 0; n < MAX_KEY_STATEMENTS && removed < MAX_REMOVED_KEYS && !signal.aborted; n++) {
        const swept = await sweepEventKeys(client, window, page);
        removed += swept.removed;
        page = swept.nextPage ?? 0;
        if (swept.nextPage === null) {
          restsUntil = performance.now() + KEYS_REST_MS;
          break;
        }
      }
      if (removed > 0) log.info({ removed }, 'retention.keys-removed');
    },
  };
}
