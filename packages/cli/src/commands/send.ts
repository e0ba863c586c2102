import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@ackline/shared/app-error';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import type { CliConfig } from '../config.ts';
import { dataLayout } from '../data-directory/layout.ts';
import { readRunning } from '../data-directory/lock.ts';
import { baseUrl, positiveNumber, wholeNumber } from '../options.ts';
import { formatCount, formatMs, plural } from '../output/units.ts';
import { createSampleClient } from '../send/sample-client.ts';
import { pickSource, prepareSamples, type SampleSource } from '../send/sample-source.ts';
import { readSampleSettings } from '../send/sample-settings.ts';
import { type SendSummary, sendSamples } from '../send/send-samples.ts';

/** The latency of each is kept: 8 bytes a sample. */
const MAX_COUNT = 1_000_000;
const MAX_RATE = 100_000;
/** As many connections as one busy provider opens. */
const CONCURRENCY = 32;
const MAX_CONCURRENCY = 1_000;
/** An ingress answers within milliseconds, or with a 503; longer is no answer. */
const ANSWER_LIMIT_MS = 30_000;

interface SendOptions {
  readonly source?: string;
  readonly count: number;
  readonly rate?: number;
  readonly concurrency: number;
  readonly url?: string;
}

export function registerSend(program: Command, context: CommandContext): void {
  program
    .command('send')
    .description('Send correctly signed samples to a running ingress; exit status 1 if one is refused')
    .argument('<provider|source>', 'a provider, such as telegram, or the name of a source')
    .option('-s, --source <name>', "default: the provider's first in the configuration")
    .option('-c, --count <number>', 'how many', wholeNumber(1, MAX_COUNT), 1)
    .option('-r, --rate <number>', 'per second; default: as fast as answers come', positiveNumber(MAX_RATE))
    .option('--concurrency <number>', 'in flight at most', wholeNumber(1, MAX_CONCURRENCY), CONCURRENCY)
    .option('--url <base>', 'of the ingress; default: the one that `ackline up` started here', baseUrl)
    .addHelpText(
      'after',
      '\nExample:\n  $ ackline send telegram --count 1000 --rate 100\n  $ ackline send whatsapp',
    )
    .action(async (provider: string, options: SendOptions) => {
      const config = context.config();
      const samples = await prepare(config, provider, options);
      const summary = await sendAll(samples, options, context);
      context.terminal.line(formatSendSummary(samples.url, summary));
      if (summary.accepted === summary.sent) return;
      const refused = summary.sent - summary.accepted;
      throw new AppError(
        'ACKLINE_SEND_FAILED',
        `${formatCount(refused)} of ${plural(summary.sent, 'sample')} not accepted`,
      );
    });
}

async function prepare(config: CliConfig, provider: string, options: SendOptions): Promise<SampleSource> {
  const settings = await readSampleSettings(config);
  return prepareSamples(pickSource(settings.config, provider, options.source), {
    ...settings,
    baseUrl: options.url ?? (await findIngressUrl(config)),
  });
}

/** Where `ackline up` listens, else where an ingress with this environment would. */
async function findIngressUrl(config: CliConfig): Promise<string> {
  const running = await readRunning(dataLayout(config.dataDir));
  return running?.ingressUrl ?? `http://127.0.0.1:${config.port.port}`;
}

async function sendAll(
  samples: SampleSource,
  options: SendOptions,
  context: CommandContext,
): Promise<SendSummary> {
  const { count, concurrency, rate = null } = options;
  await using client = createSampleClient({
    url: samples.url,
    connections: concurrency,
    limitMs: ANSWER_LIMIT_MS,
  });
  return await sendSamples(
    { count, concurrency, rate },
    {
      send: async sequence => client.post(samples.sample(sequence, Date.now())),
      onProgress: done => context.terminal.progress(`${formatCount(done)} of ${formatCount(count)} sent`),
      now: () => performance.now(),
      wait: ms => delay(ms),
    },
  );
}

/** "20 sent to URL in 1.0 s (20/s): 200 × 20 · p50 3.1 ms · p99 9.0 ms". */
export function formatSendSummary(url: string, summary: SendSummary): string {
  const perSecond = Math.round(summary.sent / Math.max(summary.wallMs / 1_000, 0.001));
  const outcomes = [...summary.byOutcome].map(([outcome, count]) => `${outcome} × ${formatCount(count)}`);
  return (
    `${formatCount(summary.sent)} sent to ${url} in ${formatMs(summary.wallMs)} (${formatCount(perSecond)}/s): ` +
    `${outcomes.join(', ')} · p50 ${formatMs(summary.p50Ms)} · p99 ${formatMs(summary.p99Ms)}`
  );
}
