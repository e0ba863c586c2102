import { runSends, type SendDeps, type SendOutcome, type SendPlan } from './run-sends.ts';
import { createTally, percentile } from './send-figures.ts';

export interface SendSummary {
  readonly sent: number;
  readonly accepted: number;
  /** In order of first appearance. */
  readonly byOutcome: ReadonlyMap<SendOutcome, number>;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly wallMs: number;
}

export interface SendSamplesDeps extends Pick<SendDeps, 'send' | 'now' | 'wait'> {
  onProgress(done: number): void;
}

/** Sends samples 0 … count - 1, each once, and resolves when all have their answer. */
export async function sendSamples(
  plan: Omit<SendPlan, 'limitMs'>,
  deps: SendSamplesDeps,
): Promise<SendSummary> {
  const tally = createTally(plan.count);
  let done = 0;
  const { wallMs } = await runSends(
    { ...plan, limitMs: Number.POSITIVE_INFINITY },
    {
      ...deps,
      stop: new AbortController().signal, // a signal ends the process
      onEnd(_sequence, { outcome }, ms) {
        tally.add(outcome, ms);
        done += 1;
        deps.onProgress(done);
      },
    },
  );
  const { count, accepted, byOutcome, sortedMs } = tally.figures();
  return {
    sent: count,
    accepted,
    byOutcome,
    p50Ms: percentile(sortedMs, 0.5),
    p99Ms: percentile(sortedMs, 0.99),
    wallMs,
  };
}
