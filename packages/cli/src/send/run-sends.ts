/** What came of one sample: an HTTP status, or the code of the error that there was instead. */
export type SendOutcome = number | string;

export interface SendAnswer {
  readonly outcome: SendOutcome;
  /** The header `Server-Timing`; null: none. */
  readonly serverTiming: string | null;
}

export interface SendPlan {
  readonly count: number;
  /** Requests in flight at most. */
  readonly concurrency: number;
  /** Per second; null: as fast as answers come. */
  readonly rate: number | null;
  /** None begins later than this after the first. */
  readonly limitMs: number;
}

export interface SendDeps {
  /** Never rejects. */
  send(sequence: number): Promise<SendAnswer>;
  /** With a rate `ms` counts from when the request was due, so that a server that stalls can not hide it. */
  onEnd(sequence: number, answer: SendAnswer, ms: number): void;
  /** Monotonic milliseconds. */
  now(): number;
  /** Ends early once it is to stop. */
  wait(ms: number): Promise<void>;
  /** Aborted: nothing more begins, and what has no answer yet is not waited for in the figures. */
  readonly stop: AbortSignal;
}

export interface SendRun {
  /** Begun, or due, and stopped before their answer. */
  readonly unanswered: number;
  readonly wallMs: number;
}

/** It was due, and no connection was free for it until the end. */
const NOT_SENT: SendAnswer = { outcome: 'not sent', serverTiming: null };

/** Sends samples 0 … count - 1 in their order, each once, and resolves when none is under way. */
export async function runSends(plan: SendPlan, deps: SendDeps): Promise<SendRun> {
  const startedAt = deps.now();
  const lastStartAt = startedAt + plan.limitMs;
  // Times are planned from the start, so that a slow answer does not lower the rate of those after it.
  const dueAt = (sequence: number) =>
    plan.rate === null ? null : startedAt + (sequence * 1_000) / plan.rate;
  let next = 0;
  let unanswered = 0;

  const work = async (): Promise<void> => {
    while (next < plan.count && !deps.stop.aborted && deps.now() <= lastStartAt) {
      const sequence = next++;
      const due = dueAt(sequence);
      if (due !== null && !(await untilDue(due, deps))) return;
      const countsFrom = due ?? deps.now();
      const answer = await deps.send(sequence);
      if (deps.stop.aborted) unanswered += 1;
      else deps.onEnd(sequence, answer, deps.now() - countsFrom);
    }
  };
  await Promise.all(Array.from({ length: Math.min(plan.concurrency, plan.count) }, work));

  const endedAt = deps.now();
  for (; plan.rate !== null && next < plan.count; next += 1) {
    const due = dueAt(next) ?? endedAt;
    if (due > endedAt) break;
    if (deps.stop.aborted) unanswered += 1;
    else deps.onEnd(next, NOT_SENT, endedAt - due);
  }
  return { unanswered, wallMs: endedAt - startedAt };
}

/** False: it is to stop before. Timers may fire a little early, and what is sent early would look fast. */
async function untilDue(dueAt: number, deps: Pick<SendDeps, 'now' | 'wait' | 'stop'>): Promise<boolean> {
  for (;;) {
    if (deps.stop.aborted) return false;
    const waitMs = dueAt - deps.now();
    if (waitMs <= 0) return true;
    await deps.wait(waitMs);
  }
}

export function isAccepted(outcome: SendOutcome): boolean {
  return typeof outcome === 'number' && outcome >= 200 && outcome < 300;
}
