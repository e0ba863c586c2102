import { setTimeout as delay } from 'node:timers/promises';
import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import { ensureDayPartitions } from '@ackline/store/day-partitions';
import { type OnPark, type SweptLeases, sweepExpiredLeases } from '@ackline/store/expired-leases';
import { lockWaitMs } from '@ackline/store/lock-patience';
import type { Pool } from 'pg';
import type { Rules } from './rules.ts';

/** Expired leases are looked for this often: what a killed processor held is sent again this much after its lease. */
const SWEEP_EVERY_MS = 1_000;
/** Partitions exist seven days ahead; an hour leaves room for many failures. */
const PARTITIONS_EVERY_MS = 60 * 60_000;
const PARTITIONS_RETRY_MS = 60_000;

export interface UpkeepDeps {
  readonly pool: Pool;
  /** What is in force. */
  readonly rules: () => Pick<Rules, 'destinations'>;
  readonly log: Logger;
  readonly onSwept: (swept: SweptLeases) => void;
}

/** What has to be done from time to time by some processor; any number may do it at once. */
export function createUpkeep(deps: UpkeepDeps): Component {
  let partitionsAt = 0;
  let partitionTries = 0;

  async function round(): Promise<void> {
    const swept = await sweepExpiredLeases(deps.pool, onParkOf(deps.rules().destinations));
    if (swept.interrupted > 0) deps.onSwept(swept);
    if (performance.now() >= partitionsAt) {
      partitionsAt = performance.now() + PARTITIONS_EVERY_MS;
      await makePartitions();
    }
  }

  /** A long reader of the tables (a backup) makes it fail: days are in hand, and the rest of the round goes on. */
  async function makePartitions(): Promise<void> {
    try {
      await ensureDayPartitions(deps.pool, lockWaitMs(partitionTries));
      partitionTries = 0;
    } catch (error) {
      partitionTries += 1;
      partitionsAt = performance.now() + PARTITIONS_RETRY_MS;
      deps.log.warn({ err: error, tries: partitionTries }, 'partitions.not-created');
    }
  }

  return {
    name: 'upkeep',
    async run(signal) {
      while (!signal.aborted) {
        await round().catch((error: unknown) => deps.log.error({ err: error }, 'upkeep.failed'));
        await delay(SWEEP_EVERY_MS, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}

/** Of what is in force alone: another process may have a newer file, and knows what this one does not. */
function onParkOf(destinations: Rules['destinations']): OnPark {
  const namesOf = (onPark: keyof OnPark) =>
    [...destinations.values()].filter(config => config.onPark === onPark).map(({ name }) => name);
  return { block: namesOf('block'), continue: namesOf('continue') };
}
