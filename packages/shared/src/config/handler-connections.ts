import type { DestinationConfig } from './types.ts';

/** While threads are replaced, those before them end still: for that time there are twice as many. The chart counts so too. */
const GENERATIONS = 2;

/** Connections to PostgreSQL that the handlers of one processor may have, beside its pool. */
export function handlerConnections(destinations: Iterable<DestinationConfig>): number {
  let sum = 0;
  for (const config of destinations) {
    if (config.type === 'handler') sum += config.threads * config.connections * GENERATIONS;
  }
  return sum;
}
