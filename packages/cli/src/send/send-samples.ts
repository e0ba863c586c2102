/** What came of one sample: an HTTP status, or the code of the error that there was instead. */
export type SendOutcome = number | string;

export interface SendPlan {
  readonly count: number;
  /** Requests in flight at most. */
  readonly concurrency: number;
  /** Per second; null: as fast as answers come. */
  readonly rate: number | null;
}

export interface SendDeps {
  /** Never rejects. */
  send(sequence: number): Promise<SendOutcome>;
  onProgress(done: number): void;
  /** Monotonic milliseconds. */
  now(): number;
  wait(ms: number): Promise<void>;
}

export interface SendSummary {
  readonly sent: number;
  readonly accepted: number;
  /** In order of first appearance. */
  readonly byOutcome: ReadonlyMap<SendOutcome, number>;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly wallMs: number;
}

/** Sends samples 0 … count - 1, each once, and resolves when all have their answer. */
export async function sendSamples(plan: SendPlan, deps: SendDeps): Promise<SendSummary> {
  const latencies = new Float64Array(plan.count);
  const byOutcome = new Map<SendOutcome, number>();
  const startedAt = deps.now();
  let next = 0;
  let done = 0;

  const work = async (): Promise<void> => {
    for (let sequence = next++; sequence < plan.count; sequence = next++) {
      // Times are planned from the start, so that a slow answer does not lower the rate of those after it.
      if (plan.rate !== null) await untilDue(startedAt + (sequence * 1_000) / plan.rate, deps);
      const sentAt = deps.now();
      const outcome = await deps.send(sequence);
      latencies[done] = deps.now() - sentAt;
      byOutcome.set(outcome, (byOutcome.get(outcome) ?? 0) + 1);
      done += 1;
      deps.onProgress(done);
    }
  };
  await Promise.all(Array.from({ length: Math.min(plan.concurrency, plan.count) }, work));

  latencies.sort();
  return {
    sent: done,
    accepted: byOutcome.entries().reduce((sum, [outcome, n]) => sum + (isAccepted(outcome) ? n : 0), 0),
    byOutcome,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    wallMs: deps.now() - startedAt,
  };
}

async function untilDue(dueAt: number, deps: Pick<SendDeps, 'now' | 'wait'>): Promise<void> {
  const waitMs = dueAt - deps.now();
  if (waitMs > 0) await deps.wait(waitMs);
}

function isAccepted(outcome: SendOutcome): boolean {
  return typeof outcome === 'number' && outcome >= 200 && outcome < 300;
}

/** Nearest rank; `sorted` ascending. 0 where there is nothing. */
export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
