/** The middle value; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Of a program against itself: its largest round by its smallest, 1 where all are alike. */
export function spread(values: readonly number[]): number {
  return Math.max(...values) / Math.min(...values);
}

export interface Comparison {
  /** Ours by theirs: under 1 is better. */
  readonly ratio: number;
  /** The larger of the two programs' own spreads: what differs by less is not told apart by these rounds. */
  readonly ownSpread: number;
  readonly verdict: 'less' | 'equal' | 'more';
}

/** Medians of rounds that ran side by side. */
export function compare(ours: readonly number[], theirs: readonly number[]): Comparison {
  const ratio = median(ours) / median(theirs);
  const ownSpread = Math.max(spread(ours), spread(theirs));
  const isTold = ratio > ownSpread || ratio < 1 / ownSpread;
  return { ratio, ownSpread, verdict: isTold ? (ratio < 1 ? 'less' : 'more') : 'equal' };
}

export interface GoalCheck extends Comparison {
  readonly atMost: number;
  /** `equal within the spread`: over the goal, but by no more than a program differs from itself. */
  readonly outcome: 'met' | 'equal within the spread' | 'missed' | 'not known';
}

/** Whether ours ≤ `atMost` × theirs. */
export function checkGoal(ours: readonly number[], theirs: readonly number[], atMost: number): GoalCheck {
  const comparison = compare(ours, theirs);
  return { ...comparison, atMost, outcome: goalOutcome(comparison, atMost) };
}

function goalOutcome({ ratio, ownSpread }: Comparison, atMost: number): GoalCheck['outcome'] {
  if (Number.isNaN(ratio)) return 'not known';
  if (ratio <= atMost) return 'met';
  return ratio <= atMost * ownSpread ? 'equal within the spread' : 'missed';
}
