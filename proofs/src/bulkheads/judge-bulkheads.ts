/** What one phase came to. Times in milliseconds. */
export interface BulkheadPhase {
  /** Whether the bad destinations had work. */
  readonly bad: boolean;
  readonly seconds: number;
  /** Events of `fine` that were due in it and arrived. */
  readonly arrived: number;
  /** From when an event was due at the ingress to its arrival at the receiver. */
  readonly p50: number;
  readonly p99: number;
  /** Attempts of `fine`, and how many of them were due for over a second before they began. */
  readonly started: number;
  readonly startedLate: number;
  /** Requests that came to each bad destination. */
  readonly requests: Readonly<Record<BadName, number>>;
  /** Requests without an answer at its end. */
  readonly hanging: number;
}

export const BAD_NAMES = ['hangs', 'fails', 'stuck'] as const;
export type BadName = (typeof BAD_NAMES)[number];

export interface BulkheadFigures {
  readonly phases: readonly BulkheadPhase[];
  readonly fine: { readonly accepted: number; readonly arrived: number };
  /** Deliveries of the stuck key that are open when all has ended, and those that were to be there. */
  readonly stuckRows: number;
  readonly wantedStuckRows: number;
  /** Slots of the destination that hangs. */
  readonly concurrency: number;
}

const MAX_RATIO = 1.1;

/** What is promised and did not hold; also where the bad destinations were not as bad as they should be. */
export function judge(figures: BulkheadFigures): readonly string[] {
  return [...judgeFine(figures), ...judgeBad(figures)].filter(line => line !== '');
}

function judgeFine({ phases, fine }: BulkheadFigures): readonly string[] {
  const { within, allowed } = p99Of(phases);
  const late = sum(badOf(phases).map(({ startedLate }) => startedLate));
  const missing = fine.accepted - fine.arrived;
  return [
    within <= allowed // so that no figure at all is not kept either
      ? ''
      : `the others' p99 is ${within.toFixed(1)} ms beside bad destinations, at most ${allowed.toFixed(1)} ms was allowed`,
    late === 0 ? '' : `${late} attempts of the others waited for over 1 s`,
    missing === 0 ? '' : `${missing} accepted events of the others did not arrive`,
    phases.every(({ started }) => started > 0) ? '' : 'a phase had no attempt of the others',
  ];
}

function judgeBad({ phases, concurrency, stuckRows, wantedStuckRows }: BulkheadFigures): readonly string[] {
  const bad = badOf(phases);
  const idle = phases.filter(phase => !phase.bad);
  const stirred = idle.filter(({ requests }) => BAD_NAMES.some(name => requests[name] > 0)).length;
  return [
    bad.every(({ hanging }) => hanging >= concurrency)
      ? ''
      : 'not all slots of the one that hangs were taken',
    bad.every(({ requests }) => requests.stuck > 0)
      ? ''
      : 'the head of the stuck key was not tried in each phase',
    bad.some(({ requests }) => requests.fails > 0) ? '' : 'the one that fails was never tried',
    stuckRows >= wantedStuckRows ? '' : `the stuck key has ${stuckRows} deliveries, not ${wantedStuckRows}`,
    stirred === 0 ? '' : `in ${stirred} phases without them the bad destinations had requests`,
  ];
}

/** Medians, and what is allowed: a tenth more, or as much as a phase without them had. */
export function p99Of(phases: readonly BulkheadPhase[]): {
  readonly without: number;
  readonly within: number;
  readonly allowed: number;
} {
  const p99s = phases.filter(({ bad }) => !bad).map(({ p99 }) => p99);
  const without = median(p99s);
  return {
    without,
    within: median(badOf(phases).map(({ p99 }) => p99)),
    allowed: Math.max(MAX_RATIO * without, ...p99s),
  };
}

const badOf = (phases: readonly BulkheadPhase[]) => phases.filter(({ bad }) => bad);

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}
