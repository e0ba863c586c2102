import type { MetricFactory } from '@ackline/runtime/metric-factory';
import type { ReplayTotals } from '@ackline/store/replay-totals';

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

export function createReplayMetrics(metrics: MetricFactory): ReplayMetrics {
  let known: readonly ReplayTotals[] = [];
  metrics.read('replayItems', () =>
    known.flatMap(total =>
      keysOf(RESULTS).map(key => [{ state: total.state, result: RESULTS[key] }, total[key]] as const),
    ),
  );
  metrics.read('replayProgress', () =>
    known
      .filter(({ state, counted }) => state !== 'stopped' && counted > 0)
      .map(({ state, left, counted }) => [{ state }, 1 - left / counted] as const),
  );
  return { replays: totals => void (known = totals) };
}

function keysOf<T extends object>(record: T): readonly (keyof T)[] {
  return Object.keys(record) as (keyof T)[];
}
