import type { SampleRequest } from '@ackline/shared/provider';
import { runSends, type SendAnswer, type SendDeps, type SendPlan } from '../send/run-sends.ts';
import { createTally, type SendFigures } from '../send/send-figures.ts';
import { createRequirements, type RequirementResult, type Requirements } from './requirements.ts';

export interface BenchPlan {
  /** Of the single and of the concurrent part. */
  readonly requests: number;
  readonly concurrency: number;
  /** A second, of the sustained part. */
  readonly rate: number;
  /** Of the sustained part; in the others nothing begins later. */
  readonly seconds: number;
  /** Each of the single part is sent again, as it was. */
  readonly repeats: boolean;
  /** No request waits longer for its answer. */
  readonly answerLimitMs: number;
}

export interface BenchDeps extends Pick<SendDeps, 'now' | 'wait' | 'stop'> {
  /** Each sequence is another event. */
  sample(sequence: number): SampleRequest;
  /** Never rejects. */
  post(sample: SampleRequest): Promise<SendAnswer>;
  onProgress(part: PartName, done: number, planned: number): void;
}

export type PartName = 'single' | 'cached' | 'concurrent' | 'sustained';

export interface PartResult {
  readonly part: PartName;
  readonly planned: number;
  /** Accepted ones; null where there was one request at a time. */
  readonly perSecond: number | null;
  readonly figures: SendFigures;
}

export interface BenchResult {
  /** In the order in which they ran; those without a single answer before it was stopped are missing. */
  readonly parts: readonly PartResult[];
  readonly requirements: readonly RequirementResult[];
  /** Repeats that were answered without another append. */
  readonly fromCache: number;
  /** Stopped before their answer. */
  readonly unanswered: number;
}

/** How many requests it makes at most. */
export function plannedRequests({ requests, rate, seconds, repeats }: BenchPlan): number {
  return requests * (repeats ? 3 : 2) + sustainedCount({ rate, seconds });
}

export function sustainedCount({ rate, seconds }: Pick<BenchPlan, 'rate' | 'seconds'>): number {
  return Math.max(1, Math.round(rate * seconds));
}

/** One part after the other, until all are done or it is stopped. */
export async function runBench(plan: BenchPlan, deps: BenchDeps): Promise<BenchResult> {
  const { requests, concurrency, rate, repeats, answerLimitMs } = plan;
  const limitMs = plan.seconds * 1_000;
  const requirements = createRequirements();
  const parts: PartResult[] = [];
  let unanswered = 0;
  let firstSequence = 0;
  const run = async (names: readonly PartName[], send: SendPlan): Promise<void> => {
    if (deps.stop.aborted) return;
    const ended = await runParts(names, send, { ...deps, requirements, firstSequence });
    parts.push(...ended.parts.filter(({ figures }) => figures.count > 0));
    unanswered += ended.unanswered;
    firstSequence += send.count;
  };
  await run(repeats ? ['single', 'cached'] : ['single'], {
    count: requests,
    concurrency: 1,
    rate: null,
    limitMs,
  });
  await run(['concurrent'], { count: requests, concurrency, rate: null, limitMs });
  // What is due and has found no connection by then is not sent any more.
  await run(['sustained'], {
    count: sustainedCount(plan),
    concurrency,
    rate,
    limitMs: limitMs + answerLimitMs,
  });
  return { parts, requirements: requirements.results(), fromCache: requirements.fromCache, unanswered };
}

interface PartDeps extends BenchDeps {
  readonly requirements: Requirements;
  readonly firstSequence: number;
}

/** One part; or two in turn, the second of which sends again what the first has just sent. */
async function runParts(
  names: readonly PartName[],
  send: SendPlan,
  deps: PartDeps,
): Promise<Pick<BenchResult, 'parts' | 'unanswered'>> {
  const tallies = names.map(() => createTally(send.count));
  const [part = 'single'] = names;
  const planned = send.count * names.length;
  const partOf = (sequence: number) => sequence % names.length;
  let last: SampleRequest | null = null;
  let done = 0;
  const { wallMs, unanswered } = await runSends(
    { ...send, count: planned },
    {
      ...deps,
      send(sequence) {
        const sample = partOf(sequence) > 0 ? last : null;
        last = sample ?? deps.sample(deps.firstSequence + Math.floor(sequence / names.length));
        return deps.post(last);
      },
      onEnd(sequence, { outcome, serverTiming }, ms) {
        const isRepeat = partOf(sequence) > 0;
        tallies[partOf(sequence)]?.add(outcome, ms);
        deps.requirements.observe({ outcome, ms, serverTiming, isRepeat });
        done += 1;
        deps.onProgress(part, done, planned);
      },
    },
  );
  const isOneByOne = send.concurrency === 1 && send.rate === null;
  return {
    unanswered,
    parts: names.map((name, index) => {
      const figures = (tallies[index] ?? createTally(0)).figures();
      const perSecond = isOneByOne ? null : (figures.accepted * 1_000) / Math.max(wallMs, 1);
      return { part: name, planned: send.count, perSecond, figures };
    }),
  };
}
