import type { DestinationConfig } from '@ackline/shared/config/types';
import { createDestination, type Destination, type DestinationDeps } from './destination.ts';

export interface Destinations {
  /**
   * Every one that was configured since the start, by name. One that no longer is takes no work: what it has left stays due until it
   * comes back, and then it still knows of its attempts in flight.
   */
  readonly all: ReadonlyMap<string, Destination>;
  /** What is configured from now on. Attempts in flight end as they began. */
  apply(configs: ReadonlyMap<string, DestinationConfig>): void;
  /** Closes all connections. */
  close(): Promise<void>;
}

export function createDestinations(
  configs: ReadonlyMap<string, DestinationConfig>,
  deps: DestinationDeps,
): Destinations {
  const all = new Map(configs.entries().map(([name, config]) => [name, createDestination(config, deps)]));

  function add(config: DestinationConfig): void {
    // The next heartbeat brings its share of the slots, and whether it is paused.
    all.set(config.name, createDestination(config, { ...deps, isNew: true }));
  }

  return {
    all,
    apply(next) {
      for (const config of next.values()) {
        const known = all.get(config.name);
        if (known === undefined) add(config);
        else known.reconfigure(config);
      }
      for (const [name, destination] of all) if (!next.has(name)) destination.remove();
    },
    async close() {
      await Promise.all(all.values().map(destination => destination.sender.close()));
    },
  };
}
