import type { ReplaySeen, ReplayStep } from '@ackline/store/replay-release';

/**
 * Released and not finished of each destination, at most (Y5): so many are sent after a replay was cancelled, and the table of open
 * deliveries, which live work goes through, stays as small as it was.
 */
const MAX_OPEN = 100;
/** Of one step: one transaction, which a processor that stops waits for. Five a second make the largest rate. */
const MAX_BATCH = 100;
/** Of the time in which nothing could be released, so much is made up for. */
const WINDOW_MS = 1_000;

/** What a replay does next: its trickle first, and once that has arrived the others, at its rate. */
export function nextStep(seen: ReplaySeen): ReplayStep {
  const { trickle, state, left } = seen;
  if (state === 'running') return left === 0 ? { kind: 'done' } : paced(seen, MAX_BATCH);
  if (trickle.failure !== null) return { kind: 'stop', reason: trickle.failure };
  if (left > 0 && trickle.sent < trickle.size) return paced(seen, trickle.size - trickle.sent);
  if (trickle.open > 0) return { kind: 'wait', for: 'deliveries' };
  return left === 0 ? { kind: 'done' } : { kind: 'run' };
}

/** As many as the rate has time for, up to `most`. */
function paced({ ratePerS, sinceMs }: ReplaySeen, most: number): ReplayStep {
  // A rate under one a second would else never come to a whole one; and with the time of just one, rounding may leave less than that.
  const windowMs = Math.max(WINDOW_MS, Math.floor(1_000 / ratePerS) + 1);
  const isKnown = sinceMs >= 0; // else PostgreSQL's clock was set back
  const dueByRate = Math.floor(((isKnown ? Math.min(sinceMs, windowMs) : windowMs) * ratePerS) / 1_000);
  const limit = Math.min(dueByRate, most);
  return limit > 0 ? { kind: 'release', limit, maxOpen: MAX_OPEN, windowMs } : { kind: 'wait', for: 'rate' };
}
