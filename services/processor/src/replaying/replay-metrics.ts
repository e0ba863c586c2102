import { labelNames, metricNames } from '@ackline/runtime/telemetry-names';
import type { ReplayTotals } from '@ackline/store/replay-totals';
import { Gauge, type Registry } from 'prom-client';

export interface ReplayMetrics {
  /** What is true now of all replays, whoever takes them on. */
  replays(totals: readonly ReplayTotals[]): void;
}

/** The metrics' words for the parts of a replay. */
const RESULTS = {
  left: 'left',
  skipped: 'skipped',
  underWay: 'under_way',
  retrying: 'retrying',
  parkedAgain: 'parked',
  delivered: 'delivered',
  discarded: 'discarded',
} as const satisfies Partial<Record<keyof ReplayTotals, string>>;

export function createReplayMetrics(registers: Registry[]): ReplayMetrics {
  const items = new Gauge({
    name: metricNames.replayItems,
    help: 'Deliveries of the replays that are not finished, over all processors: by the state of their replays, and what became of them',
    labelNames: [labelNames.state, labelNames.result],
    registers,
  });
  const progress = new Gauge({
    name: metricNames.replayProgress,
    help: 'Of what the replays that go on (trickle, running) have counted: the part that is released or skipped, from 0 to 1; absent without one',
    labelNames: [labelNames.state],
    registers,
  });
  return {
    replays(totals) {
      items.reset();
      progress.reset();
      for (const total of totals) {
        const state = { [labelNames.state]: total.state };
        for (const key of keysOf(RESULTS))
          items.set({ ...state, [labelNames.result]: RESULTS[key] }, total[key]);
        if (total.state !== 'stopped' && total.counted > 0)
          progress.set(state, 1 - total.left / total.counted);
      }
    },
  };
}

function keysOf<T extends object>(record: T): readonly (keyof T)[] {
  return Object.keys(record) as (keyof T)[];
}
