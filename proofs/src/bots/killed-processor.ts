import { setTimeout as delay } from 'node:timers/promises';
import type { SpawnedService } from '@ackline/testkit/spawn-service';
import type { System } from '../system.ts';

export interface CacheLookups {
  readonly hits: number;
  readonly misses: number;
}

/** A processor that is killed now and then, and its successors. */
export interface KilledProcessor {
  /** `kill -9` so many times, and another one at once each time. */
  killInTurn(times: number, everyMs: number): Promise<void>;
  /** Of all of them; of those that were killed up to the look at their metrics just before. */
  cacheLookups(): Promise<CacheLookups>;
  /** What they have logged. */
  outputs(): readonly string[];
}

/** Threads tell their figures every second. */
const FIGURES_MS = 1_500;

export async function startKilledProcessor(system: System): Promise<KilledProcessor> {
  const started: SpawnedService[] = [await system.startProcessor()];
  const before: CacheLookups[] = [];
  return {
    async killInTurn(times, everyMs) {
      const from = performance.now();
      for (let kill = 1; kill <= times; kill += 1) {
        await delay(Math.max(0, from + kill * everyMs - performance.now()));
        before.push(await lookupsOf(system));
        await started.at(-1)?.stop('SIGKILL');
        started.push(await system.startProcessor());
      }
    },
    async cacheLookups() {
      await delay(FIGURES_MS);
      const all = [...before, await lookupsOf(system)];
      const sum = (name: keyof CacheLookups) => all.reduce((total, one) => total + one[name], 0);
      return { hits: sum('hits'), misses: sum('misses') };
    },
    outputs: () => started.map(service => service.output()),
  };
}

async function lookupsOf(system: System): Promise<CacheLookups> {
  const text = await system.processorMetrics();
  const count = (result: string) =>
    text
      .split('\n')
      .filter(
        line =>
          line.startsWith('ackline_handler_cache_lookups_total{') && line.includes(`result="${result}"`),
      )
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  return { hits: count('hit'), misses: count('miss') };
}
