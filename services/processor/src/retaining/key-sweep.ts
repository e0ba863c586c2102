import type { Logger } from '@ackline/runtime/logger';
import type { RetentionConfig } from '@ackline/shared/config/types';
import { PAGES_A_STATEMENT, sweepEventKeys } from '@ackline/store/event-keys';
import type { PoolClient } from 'pg';
import { dedupWindowMs, WITHOUT_END } from './dedup-window.ts';

/** From the end of the table to its next look-through: keys go an hour late, and the disk has rest. */
const REST_MS = 60 * 60_000;
/** A round reads so much at least: a table of less than that is looked through in one. */
const LEAST_PAGES = 256 * PAGES_A_STATEMENT;
/**
 * A larger table is looked through in so many rounds, six hours: what a round removes then grows with the rate of events, since the
 * table does, and keys are late by a thirtieth of the shortest window.
 */
const ROUNDS_A_PASS = 360;
/** But a round ends after this, so that days have their turn, and the server has rest. */
const ROUND_MS = 30_000;
/** A broker that starts has told how long the topic keeps its records by then; of who has heard nothing, another one may know. */
const BLIND_AFTER_MS = 10 * 60_000;

export interface KeySweepDeps {
  /** As ackline.yaml has it now. */
  readonly retention: () => RetentionConfig;
  /** How long the topic keeps a record at most, once a broker has told; null: there is no Kafka. */
  readonly topicRetentionMs: (() => number | null) | null;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

export interface KeySweep {
  /** For so long no key could go, since nobody has told how long the topic keeps its records, that another processor should try. */
  readonly isBlind: boolean;
  sweep(client: PoolClient, signal: AbortSignal): Promise<void>;
}

/** Goes through the table of keys piece by piece, and goes on where the last round ended. */
export function createKeySweep({
  retention,
  topicRetentionMs,
  log,
  now = () => performance.now(),
}: KeySweepDeps): KeySweep {
  let page = 0;
  let tablePages = 0;
  let restsUntil = Number.NEGATIVE_INFINITY;
  let knownTopicMs: number | null = null;
  /** Since when it is not known how long the topic keeps its records. */
  let blindSince: number | null = null;

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

  /** Returns how many keys went. */
  async function sweepPart(client: PoolClient, window: number, signal: AbortSignal): Promise<number> {
    const endsAt = now() + ROUND_MS;
    const from = page;
    for (let removed = 0; ; ) {
      const swept = await sweepEventKeys(client, window, page);
      removed += swept.removed;
      tablePages = swept.pages;
      page = swept.nextPage ?? 0;
      if (swept.nextPage === null) {
        restsUntil = now() + REST_MS;
        return removed;
      }
      const isEnough = page - from >= Math.max(LEAST_PAGES, tablePages / ROUNDS_A_PASS);
      if (isEnough || signal.aborted) return removed;
      if (now() >= endsAt) {
        log.warn({ page, pages: tablePages }, 'retention.keys-behind');
        return removed;
      }
    }
  }

  return {
    get isBlind() {
      return blindSince !== null && now() - blindSince >= BLIND_AFTER_MS;
    },
    async sweep(client, signal) {
      const window = windowMs();
      blindSince = window === null ? (blindSince ?? now()) : null;
      if (window === null || now() < restsUntil) return;
      const removed = await sweepPart(client, window, signal);
      if (removed > 0) log.info({ removed }, 'retention.keys-removed');
    },
  };
}
