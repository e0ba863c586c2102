import { setTimeout as delay } from 'node:timers/promises';
import type { SpawnedService } from '@ackline/testkit/spawn-service';
import type { System } from '../system.ts';

/** What metrics counted, over a processor and all its successors; of those that were killed up to the look just before. */
export interface ProcessorCounts {
  /** Lookups of `ctx.cache`. */
  readonly hits: number;
  readonly misses: number;
  /** `ackline_order_uncertain_total` */
  readonly orderUncertain: number;
}

/** A processor that is killed now and then, and its successors. */
export interface KilledProcessor {
  /** `kill -9` so many times, and another one at once each time. */
  killInTurn(times: number, everyMs: number): Promise<void>;
  counts(): Promise<ProcessorCounts>;
  /** What they have logged. */
  outputs(): readonly string[];
}

/** Threads tell their figures every second. */
const FIGURES_MS = 1_500;

export async function startKilledProcessor(system: System): Promise<KilledProcessor> {
  const started: SpawnedService[] = [await system.startProcessor()];
  const before: ProcessorCounts[] = [];
  return {
    async killInTurn(times, everyMs) {
      const from = performance.now();
      for (let kill = 1; kill <= times; kill += 1) {
        await delay(Math.max(0, from + kill * everyMs - performance.now()));
        before.push(await countsOf(system));
        await started.at(-1)?.stop('SIGKILL');
        started.push(await system.startProcessor());
      }
    },
    async counts() {
      await delay(FIGURES_MS);
      const all = [...before, await countsOf(system)];
      const sum = (name: keyof ProcessorCounts) => all.reduce((total, one) => total + one[name], 0);
      return { hits: sum('hits'), misses: sum('misses'), orderUncertain: sum('orderUncertain') };
    },
    outputs: () => started.map(service => service.output()),
  };
}

async function countsOf(system: System): Promise<ProcessorCounts> {
  const lines = (await system.processorMetrics()).split('\n');
  const count = (start: string, part = '') =>
    lines
      .filter(line => line.startsWith(start) && line.includes(part))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  return {
    hits: count('ackline_handler_cache_lookups_total{', 'result="hit"'),
    misses: count('ackline_handler_cache_lookups_total{', 'result="miss"'),
    orderUncertain: count('ackline_order_uncertain_total'),
  };
}
