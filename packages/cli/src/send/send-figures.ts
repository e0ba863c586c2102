import { isAccepted, type SendOutcome } from './run-sends.ts';

export interface SendFigures {
  readonly count: number;
  readonly accepted: number;
  /** In order of first appearance. */
  readonly byOutcome: ReadonlyMap<SendOutcome, number>;
  /** Of all, whatever came of them; 0 where there are none. */
  readonly averageMs: number;
  readonly maxMs: number;
  /** Ascending. */
  readonly sortedMs: Float64Array;
}

export interface SendTally {
  add(outcome: SendOutcome, ms: number): void;
  figures(): SendFigures;
}

/** For `max` samples: 8 bytes each. */
export function createTally(max: number): SendTally {
  const times = new Float64Array(max);
  const byOutcome = new Map<SendOutcome, number>();
  let count = 0;
  let accepted = 0;
  let sumMs = 0;
  return {
    add(outcome, ms) {
      times[count] = ms;
      count += 1;
      sumMs += ms;
      if (isAccepted(outcome)) accepted += 1;
      byOutcome.set(outcome, (byOutcome.get(outcome) ?? 0) + 1);
    },
    figures() {
      const sortedMs = times.slice(0, count).sort();
      return {
        count,
        accepted,
        byOutcome: new Map(byOutcome),
        averageMs: count === 0 ? 0 : sumMs / count,
        maxMs: sortedMs.at(-1) ?? 0,
        sortedMs,
      };
    },
  };
}

/** Nearest rank; `sorted` ascending. 0 where there is nothing. */
export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
