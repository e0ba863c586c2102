import { readDestinationStates } from '@ackline/store/destination-states';
import { listPausedDestinations } from '@ackline/store/destinations';
import type { Pool } from 'pg';
import type { Destination } from './delivery/destination.ts';

export interface DestinationNewsDeps {
  readonly pool: Pool;
  readonly destinations: ReadonlyMap<string, Destination>;
}

/** Learns what PostgreSQL knows of all destinations: pauses, and breakers over all processors. */
export interface DestinationNews {
  read(): Promise<void>;
}

export function createDestinationNews({ pool, destinations }: DestinationNewsDeps): DestinationNews {
  return {
    async read() {
      const asked = [...destinations].map(([name, destination]) => ({
        name,
        destination,
        mark: destination.pause.mark(),
        breaker: destination.breaker.ask(),
      }));
      const [paused, states] = await Promise.all([
        listPausedDestinations(pool),
        readDestinationStates(
          pool,
          asked.map(({ name }) => name),
        ),
      ]);
      const pausedNames = new Set(paused.map(({ name }) => name));
      const byName = new Map(states.map(state => [state.name, state]));
      for (const { name, destination, mark, breaker } of asked) {
        destination.pause.learn(pausedNames.has(name), mark);
        destination.breaker.learn(byName.get(name) ?? null, breaker);
      }
    },
  };
}
