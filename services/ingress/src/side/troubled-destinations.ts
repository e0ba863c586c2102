import type { DestinationConfig } from '@ackline/shared/config/types';
import { type DestinationStatus, readDestinationStates } from '@ackline/store/destination-states';
import { listPausedDestinations } from '@ackline/store/destinations';
import type { Pool } from 'pg';

/** A destination whose work is held. */
export interface TroubledDestination {
  readonly name: string;
  readonly status: DestinationStatus;
  /** In a row, over all processors. */
  readonly failures: number;
  readonly threshold: number;
  /** Until a probe may be made; null: it is not open. 0: the next delivery makes it. */
  readonly reopensInMs: number | null;
  readonly isPaused: boolean;
}

/** Of these, those that are paused, or whose breaker is not closed. */
export async function readTroubledDestinations(
  queryable: Pick<Pool, 'query'>,
  destinations: readonly Pick<DestinationConfig, 'name' | 'breaker'>[],
): Promise<readonly TroubledDestination[]> {
  const names = destinations.map(({ name }) => name);
  const paused = await listPausedDestinations(queryable);
  const states = await readDestinationStates(queryable, names);
  const pausedNames = new Set(paused.map(({ name }) => name));
  const byName = new Map(states.map(state => [state.name, state]));
  return destinations
    .map(({ name, breaker }) => {
      const { status = 'CLOSED', failures = 0, reopensInMs = null } = byName.get(name) ?? {};
      const isPaused = pausedNames.has(name);
      return { name, status, failures, threshold: breaker.failures, reopensInMs, isPaused };
    })
    .filter(({ status, isPaused }) => status !== 'CLOSED' || isPaused);
}
