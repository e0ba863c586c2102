import type { CacheFigures } from '@ackline/handlers/monitoring/processor-figures';

/** As JSON. */
const NO_VALUE = 'null';

export type LookedUp = 'memory' | 'redis' | 'joined' | 'missed';

export interface CacheTally {
  count(result: LookedUp, value: string | null): void;
  figures(): Pick<CacheFigures, 'hits' | 'joined' | 'misses' | 'negativeHits'>;
}

export function createCacheTally(): CacheTally {
  const counts: Record<LookedUp, number> = { memory: 0, redis: 0, joined: 0, missed: 0 };
  let negativeHits = 0;
  return {
    count(result, value) {
      counts[result] += 1;
      if (value === NO_VALUE) negativeHits += 1;
    },
    figures: () => ({
      hits: { memory: counts.memory, redis: counts.redis },
      joined: counts.joined,
      misses: counts.missed,
      negativeHits,
    }),
  };
}
