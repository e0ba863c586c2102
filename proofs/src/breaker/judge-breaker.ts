/** A request as the receiver saw it, in epoch milliseconds by its own clock. */
export interface Arrival {
  readonly at: number;
  readonly status: number;
  /** From the arrival to the answer. */
  readonly ms: number;
}

/** What one run came to; times in epoch milliseconds, of one machine's clock. */
export interface BreakerRun {
  readonly arrivals: readonly Arrival[];
  readonly threshold: number;
  readonly concurrency: number;
  readonly slowStartMs: number;
  /** By PostgreSQL. */
  readonly openedAt: number;
  readonly reopensAt: number;
  readonly closedAt: number;
  /** Of each processor, failed attempts when it was open. */
  readonly failedBy: readonly number[];
  /** `Circuit breaker OPEN - 10 failures`, in all logs. */
  readonly openLines: number;
  /** What /health and each processor's metric said in each state. */
  readonly seen: Readonly<Record<'OPEN' | 'HALF_OPEN' | 'CLOSED', StateSeen>>;
  readonly accepted: number;
  readonly delivered: number;
}

export interface StateSeen {
  readonly health: string | null;
  readonly metrics: readonly (number | null)[];
}

export interface Check {
  readonly name: string;
  readonly holds: boolean;
  readonly figure: string;
}

/** A notice takes milliseconds; where it is lost, the next heartbeat brings the state. */
const HEARD_WITHIN_MS = 2_500;
/** From an answer to the statement that counts it. */
const COUNTED_WITHIN_MS = 500;
/** Clocks of one machine, read in different places. */
const CLOCK_MS = 2;

/** In flight at the opening: what arrived after it, before all had heard of it. */
export function arrivedAfterOpening({ arrivals, openedAt, reopensAt }: BreakerRun): readonly Arrival[] {
  return arrivals.filter(({ at }) => at > openedAt && at < reopensAt - CLOCK_MS);
}

/** When the receiver answered the nth of all that failed. */
function endOfFailure({ arrivals }: BreakerRun, nth: number): number {
  const ends = arrivals.filter(({ status }) => status >= 500).map(({ at, ms }) => at + ms);
  return ends.toSorted((a, b) => a - b)[nth - 1] ?? Number.NaN;
}

/** Requests by second after the closing. */
export function ramp({ arrivals, closedAt }: BreakerRun, seconds: number): readonly number[] {
  return Array.from(
    { length: seconds },
    (_, second) =>
      arrivals.filter(({ at }) => Math.floor((at - closedAt) / 1_000) === second && at > closedAt).length,
  );
}

export function judge(run: BreakerRun): readonly Check[] {
  return [...judgeOpening(run), ...judgeRecovery(run), ...judgeViews(run)];
}

function judgeOpening(run: BreakerRun): readonly Check[] {
  const after = arrivedAfterOpening(run);
  const lagMs = Math.round(run.openedAt - endOfFailure(run, run.threshold));
  const latestMs = Math.max(0, ...after.map(({ at }) => Math.round(at - run.openedAt)));
  return [
    {
      name: 'failures of both processors count together',
      holds: run.failedBy.every(count => count > 0) && lagMs >= -CLOCK_MS && lagMs <= COUNTED_WITHIN_MS,
      figure:
        `open ${lagMs} ms after failure ${run.threshold} over both was answered; ` +
        `${run.failedBy.join(' and ')} failed with those on their way`,
    },
    {
      name: 'one line says that it is open',
      holds: run.openLines === 1,
      figure: `${run.openLines}`,
    },
    {
      name: 'no new call until the reset: only what was on its way',
      holds: after.length <= run.concurrency && latestMs <= HEARD_WITHIN_MS,
      figure: `${after.length} after the opening, the last ${latestMs} ms after it`,
    },
  ];
}

function judgeRecovery(run: BreakerRun): readonly Check[] {
  const later = run.arrivals.filter(({ at }) => at >= run.reopensAt - CLOCK_MS);
  const [probe, ...others] = later;
  const beside = probe === undefined ? [] : others.filter(({ at }) => at < probe.at + probe.ms - CLOCK_MS);
  const over = later.filter(arrival => inFlight(run, arrival) > allowedAt(run, arrival.at));
  return [
    {
      name: 'a probe comes after the reset time',
      holds: probe !== undefined,
      figure: probe === undefined ? 'none came' : `${Math.round(probe.at - run.reopensAt)} ms after it`,
    },
    { name: 'it is one probe', holds: beside.length === 0, figure: `${beside.length} beside it` },
    {
      name: 'slow start: never more in flight than its time allows',
      holds: over.length === 0,
      figure: `${over.length} of ${later.length} requests above it`,
    },
    {
      name: 'nothing is lost',
      holds: run.delivered === run.accepted && run.accepted > 0,
      figure: `${run.accepted} accepted, ${run.delivered} delivered`,
    },
  ];
}

function inFlight({ arrivals, closedAt }: BreakerRun, { at }: Arrival): number {
  return arrivals.filter(
    other => other.at > closedAt && other.at <= at && other.at + other.ms - CLOCK_MS > at,
  ).length;
}

function allowedAt({ closedAt, concurrency, slowStartMs }: BreakerRun, at: number): number {
  const part = Math.min(1, (at + CLOCK_MS - closedAt) / slowStartMs);
  return Math.max(1, Math.ceil(concurrency * part));
}

const METRIC = { OPEN: 1, HALF_OPEN: 0.5, CLOSED: 0 } as const;

function judgeViews({ seen }: BreakerRun): readonly Check[] {
  return (['OPEN', 'HALF_OPEN', 'CLOSED'] as const).map(status => {
    const { health, metrics } = seen[status];
    return {
      name: `${status} is seen in /health and in both processors' metrics`,
      holds: health === status && metrics.length === 2 && metrics.every(value => value === METRIC[status]),
      figure: `/health ${health ?? 'nothing'}, metrics ${metrics.join(' and ')}`,
    };
  });
}
