/**
 * The words of the systems before Ackline, and whose number each is: 50 ms was the target of the respond.io hook, 100 ms the
 * acknowledgement of the Telegram one, 500 ms that of the Twilio one, whose alerts were set at 1 s (warning) and 3 s (critical).
 */
const STEPS = [
  { underMs: 50, text: 'EXCELLENT - Response time < 50ms' },
  { underMs: 100, text: 'GOOD - Response time < 100ms' },
  { underMs: 500, text: 'ACCEPTABLE - Response time < 500ms' },
  { underMs: 1_000, text: 'SLOW - Response time < 1s' },
  { underMs: 3_000, text: 'WARNING - Response time > 1s' },
] as const;
const LAST_STEP = 'CRITICAL - Response time > 3s';

export interface Judged {
  readonly count: number;
  readonly accepted: number;
  readonly averageMs: number;
}

/** Of a part, by its average; a refusal is fast too, so that there is none of a part with too many of them. */
export function verdictOf({ count, accepted, averageMs }: Judged, minSuccessPercent: number): string {
  if (isUnder({ count, accepted }, minSuccessPercent)) {
    return `FAILED - Success rate ${formatPercent({ count, accepted })} < ${minSuccessPercent}%`;
  }
  return STEPS.find(({ underMs }) => averageMs < underMs)?.text ?? LAST_STEP;
}

/** Nothing sent is no success. */
export function isUnder(
  { count, accepted }: Pick<Judged, 'count' | 'accepted'>,
  minSuccessPercent: number,
): boolean {
  return count === 0 || accepted * 100 < minSuccessPercent * count;
}

/** "99.99%": rounded down, so that 100% is all. */
export function formatPercent({ count, accepted }: Pick<Judged, 'count' | 'accepted'>): string {
  return `${percentOf({ count, accepted })}%`;
}

/** Hundredths, rounded down. */
export function percentOf({ count, accepted }: Pick<Judged, 'count' | 'accepted'>): number {
  return count === 0 ? 0 : Math.floor((accepted * 10_000) / count) / 100;
}
