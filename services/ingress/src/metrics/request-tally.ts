import type { CallTally } from '@ackline/runtime/performance-report';
import type { RequestReport } from '@ackline/runtime/request-report';
import type { IngressMetrics, RequestResult } from './ingress-metrics.ts';

/** The figures of the JSON report start anew after it, as those of the systems before Ackline (docs/logs.md): they need no memory and show the present. */
const RESET_EVERY_MS = 3_600_000;

/** Answered as its sender hoped. */
const SERVED: ReadonlySet<RequestResult> = new Set(['accepted', 'duplicate', 'challenge']);

/** What the JSON form of `/metrics` says: a few sums, whatever the load. */
export interface RequestTally {
  /** `seconds` from the head of the request to its answer. */
  finished(result: RequestResult, seconds: number): void;
  report(): RequestReport;
}

export interface RequestTallyDeps {
  /** Requests that were over a limit since the start. */
  readonly limitHits: () => number;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export function createRequestTally({ limitHits, now }: RequestTallyDeps): RequestTally {
  let resetAt = now();
  let requests = 0;
  let errors = 0;
  let seconds = 0;
  let hitsBefore = limitHits();

  function resetHourly(): void {
    if (now() - resetAt < RESET_EVERY_MS) return;
    resetAt = now();
    requests = 0;
    errors = 0;
    seconds = 0;
    hitsBefore = limitHits();
  }

  return {
    finished(result, took) {
      resetHourly();
      requests += 1;
      seconds += took;
      if (!SERVED.has(result)) errors += 1;
    },
    report() {
      resetHourly();
      return {
        request_count: requests,
        error_count: errors,
        avg_response_time: requests === 0 ? 0 : seconds / requests,
        error_rate: requests === 0 ? 0 : errors / requests,
        rate_limit_hits: limitHits() - hitsBefore,
        last_reset: Math.floor(resetAt / 1_000),
      };
    },
  };
}

/** The same metrics, with every request in the tally too. */
export function withTally(
  metrics: IngressMetrics,
  tally: RequestTally,
  calls: Pick<CallTally, 'add'>,
): IngressMetrics {
  return {
    ...metrics,
    finished(source, result, timesMs) {
      let ms = 0;
      for (const time of timesMs) if (time > 0) ms += time;
      tally.finished(result, ms / 1_000);
      calls.add(ms);
      metrics.finished(source, result, timesMs);
    },
  };
}
