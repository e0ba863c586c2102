import { readDestinationStates } from '@ackline/store/destination-states';
import { readCacheClears } from '@ackline/store/cache-clears';
import { listPausedDestinations } from '@ackline/store/destinations';
import type { Pool } from 'pg';
import type { Destination } from './delivery/destination.ts';
import type { CacheService } from './handling/cache-service.ts';

export interface DestinationNewsDeps {
  readonly pool: Pool;
  readonly destinations: ReadonlyMap<string, Destination>;
  readonly cache: Pick<CacheService, 'learn'>;
}

/** Learns what PostgreSQL knows of all destinations: pauses, breakers over all processors, and what was cleared of caches. */
export interface DestinationNews {
  read(): Promise<void>;
}

export function createDestinationNews({ pool, destinations, cache }: DestinationNewsDeps): DestinationNews {
  let clearsRead = 0;
  return {
    async read() {
      const asked = [...destinations].map(([name, destination]) => ({
        name,
        destination,
        mark: destination.pause.mark(),
        breaker: destination.breaker.ask(),
      }));
      const [paused, states, clears] = await Promise.all([
        listPausedDestinations(pool),
        readDestinationStates(
          pool,
          asked.map(({ name }) => name),
        ),
        readCacheClears(pool, clearsRead),
      ]);
      cache.learn(clears);
      clearsRead = Math.max(clearsRead, clears.at(-1)?.version ?? 0);
      const pausedNames = new Set(paused.map(({ name }) => name));
      const byName = new Map(states.map(state => [state.name, state]));
      for (const { name, destination, mark, breaker } of asked) {
        destination.pause.learn(pausedNames.has(name), mark);
        destination.breaker.learn(byName.get(name) ?? null, breaker);
      }
    },
  };
}
