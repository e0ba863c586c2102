import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { listenForShutdown } from '@ackline/runtime/signals';
import { AppError } from '@ackline/shared/app-error';
import type { Command } from 'commander';
import { chooseTarget, isThisMachine } from '../bench/bench-target.ts';
import { type BenchReport, benchJson, formatBench } from '../bench/format.ts';
import { findProblems } from '../bench/problems.ts';
import {
  type BenchPlan,
  type BenchResult,
  plannedRequests,
  runBench,
  sustainedCount,
} from '../bench/run-bench.ts';
import type { CommandContext } from '../command-context.ts';
import { baseUrl, duration, percentage, positiveNumber, wholeNumber } from '../options.ts';
import { isAgreed } from '../output/confirm.ts';
import { formatCount } from '../output/units.ts';
import { createSampleClient } from '../send/sample-client.ts';
import { readSampleSettings } from '../send/sample-settings.ts';
import { prepareSamples, type SampleSource } from '@ackline/runtime/samples/prepare-samples';
import { withoutCopies } from '../up/stop-signals.ts';

/** Of one part: the time of each is kept, 8 bytes a request. */
const MAX_REQUESTS = 1_000_000;
const MAX_CONCURRENCY = 1_000;
const MAX_RATE = 100_000;
const MAX_SECONDS = 3_600;
const REQUESTS = 500;
/** As `ackline send`. */
const CONCURRENCY = 32;
const RATE = 50;
const SECONDS = 10;
/** Where providers give up, after 5 to 15 s. */
const ANSWER_LIMIT_MS = 10_000;

interface BenchOptions {
  readonly source?: string;
  readonly requests: number;
  readonly concurrency: number;
  readonly rate: number;
  readonly seconds: number;
  readonly repeats?: true;
  readonly minSuccess: number;
  readonly maxP99?: number;
  readonly yes?: true;
  readonly json?: true;
}

export function registerBench(program: Command, context: CommandContext): void {
  program
    .command('bench')
    .description(
      'Measure how fast a running ingress acknowledges: single, concurrent and sustained requests, each a signed new event that is stored and delivered',
    )
    .argument('<url>', 'of an ingress, or of one of its sources', baseUrl)
    .option(
      '-s, --source <provider|name>',
      "default: the source with the URL's path, else the configuration's first",
    )
    .option(
      '-n, --requests <number>',
      'of the single and of the concurrent part',
      wholeNumber(1, MAX_REQUESTS),
      REQUESTS,
    )
    .option('--concurrency <number>', 'in flight at most', wholeNumber(1, MAX_CONCURRENCY), CONCURRENCY)
    .option('-r, --rate <number>', 'per second, of the sustained part', positiveNumber(MAX_RATE), RATE)
    .option(
      '--seconds <number>',
      'of the sustained part; in the others nothing begins later',
      wholeNumber(1, MAX_SECONDS),
      SECONDS,
    )
    .option(
      '--repeats',
      'send each request of the single part again as it was: it is answered from the cache',
    )
    .option('--min-success <percent>', 'exit status 1 where a part has less', percentage, 100)
    .option('--max-p99 <duration>', 'exit status 1 where the p99 of a part is over it', duration)
    .option('-y, --yes', 'do not ask, where the URL is not of this machine')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      `
Example:
  $ ackline bench http://127.0.0.1:8080/webhook/telegram
  $ ackline bench http://127.0.0.1:8080 --source twilio --rate 200 --seconds 60 --repeats
  $ ackline bench http://127.0.0.1:8080 --min-success 99.9 --max-p99 100ms --json`,
    )
    .action((url: string, options: BenchOptions) => bench(url, options, context));
}

async function bench(url: string, options: BenchOptions, context: CommandContext): Promise<void> {
  const { requests, concurrency, rate, seconds, repeats = false } = options;
  const plan: BenchPlan = { requests, concurrency, rate, seconds, repeats, answerLimitMs: ANSWER_LIMIT_MS };
  refuseTooMany(plan);
  if (!isThisMachine(url) && !(await isMeant(url, plan, { yes: options.yes === true, context }))) return;
  const settings = await readSampleSettings(context.config());
  const { source, ...target } = chooseTarget(settings.config, url, options.source);
  const samples = prepareSamples(source, { ...settings, ...target });
  const { result, stoppedBy } = await measure(plan, samples, context);
  const limits = { minSuccessPercent: options.minSuccess, maxP99Ms: options.maxP99 ?? null };
  const report: BenchReport = {
    url: samples.url,
    source: source.name,
    provider: source.provider,
    plan,
    minSuccessPercent: options.minSuccess,
    problems: findProblems(result.parts, limits),
    interrupted: stoppedBy !== null,
    ...result,
  };
  context.terminal.line(options.json === true ? benchJson(report) : formatBench(report));
  if (stoppedBy !== null) context.setExitCode(128 + constants.signals[stoppedBy]);
  else if (report.problems.length > 0) throw new AppError('ACKLINE_BENCH_FAILED', report.problems.join('; '));
}

/** What the requests make is real: it is stored and delivered. */
function isMeant(
  url: string,
  plan: BenchPlan,
  { yes, context }: { readonly yes: boolean; readonly context: CommandContext },
): Promise<boolean> {
  const events = formatCount(plannedRequests(plan));
  context.terminal.note(
    `${new URL(url).host} is not this machine: up to ${events} real events are made there.`,
  );
  return isAgreed(context, { yes, question: 'Make them?', otherwise: 'Nothing is sent' });
}

function refuseTooMany(plan: BenchPlan): void {
  if (sustainedCount(plan) <= MAX_REQUESTS) return;
  throw new AppError(
    'ACKLINE_USAGE',
    `--rate ${plan.rate} for --seconds ${plan.seconds} are ${formatCount(sustainedCount(plan))} requests; at most ${formatCount(MAX_REQUESTS)} can be measured`,
  );
}

interface Measured {
  readonly result: BenchResult;
  readonly stoppedBy: 'SIGINT' | 'SIGTERM' | null;
}

async function measure(
  plan: BenchPlan,
  samples: SampleSource,
  { terminal }: CommandContext,
): Promise<Measured> {
  let stoppedBy: Measured['stoppedBy'] = null;
  const shutdown = listenForShutdown({
    source: withoutCopies(process, () => performance.now()),
    stopWithParent: false,
    onDrain(reason) {
      stoppedBy = reason === 'SIGTERM' ? 'SIGTERM' : 'SIGINT';
    },
    onForce: () => undefined,
  });
  try {
    await using client = createSampleClient({
      url: samples.url,
      connections: plan.concurrency,
      limitMs: plan.answerLimitMs,
      stop: shutdown.signal,
    });
    const result = await runBench(plan, {
      sample: sequence => samples.sample(sequence, Date.now()),
      post: sample => client.post(sample),
      stop: shutdown.signal,
      now: () => performance.now(),
      wait: ms => delay(ms, undefined, { signal: shutdown.signal }).catch(() => undefined),
      onProgress: (part, done, planned) =>
        terminal.progress(`${part}: ${formatCount(done)} of ${formatCount(planned)}`),
    });
    return { result, stoppedBy };
  } finally {
    shutdown.dispose();
  }
}
