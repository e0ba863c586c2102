import { sweepOnce } from '@ackline/store/handler-once';
import type { PoolClient } from 'pg';
import { dedupWindowMs } from './dedup-window.ts';
import type { KeySweepDeps } from './key-sweep.ts';

/** Of one round: a hundred thousand, far over what handlers do in its minute; days and keys have their turn. */
const MAX_BATCHES_A_ROUND = 100;

/** Removes what handlers have done once, when it is older than any repeat of its event. */
export interface OnceSweep {
  sweep(client: PoolClient, signal: AbortSignal): Promise<void>;
}

export function createOnceSweep({
  retention,
  topicRetentionMs,
  log,
}: Pick<KeySweepDeps, 'retention' | 'topicRetentionMs' | 'log'>): OnceSweep {
  return {
    async sweep(client, signal) {
      const topicMs = topicRetentionMs === null ? null : topicRetentionMs();
      if (topicRetentionMs !== null && topicMs === null) return; // as long as the keys of events stay
      const window = dedupWindowMs(retention().dedupMs, topicMs);
      let removed = 0;
      for (let batches = 0; batches < MAX_BATCHES_A_ROUND && !signal.aborted; batches++) {
        const swept = await sweepOnce(client, window);
        removed += swept.removed;
        if (!swept.isMore) break;
      }
      if (removed > 0) log.info({ removed }, 'retention.once-removed');
    },
  };
}
