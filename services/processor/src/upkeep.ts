import { setTimeout as delay } from 'node:timers/promises';
import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import { type OnPark, type SweptLeases, sweepExpiredLeases } from '@ackline/store/expired-leases';
import type { Pool } from 'pg';
import { createDueTimes } from './due-times.ts';
import type { Rules } from './rules.ts';

/** Expired leases, and a clock that was set back, are looked for this often: what a killed processor held is sent again this much after its lease. */
const SWEEP_EVERY_MS = 1_000;

export interface UpkeepDeps {
  readonly pool: Pool;
  /** What is in force. */
  readonly rules: () => Pick<Rules, 'destinations'>;
  readonly log: Logger;
  readonly onSwept: (swept: SweptLeases) => void;
}

/** What has to be done from time to time by some processor; any number may do it at once. */
export function createUpkeep(deps: UpkeepDeps): Component {
  const dueTimes = createDueTimes(deps);

  async function round(): Promise<void> {
    const swept = await sweepExpiredLeases(deps.pool, onParkOf(deps.rules().destinations));
    if (swept.interrupted > 0) deps.onSwept(swept);
    await dueTimes.round();
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
