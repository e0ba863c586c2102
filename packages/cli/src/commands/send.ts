import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@ackline/shared/app-error';
import type { Command } from 'commander';
import { readBodyFile } from '../body-file.ts';
import type { CommandContext } from '../command-context.ts';
import type { CliConfig } from '../config.ts';
import { dataLayout } from '../data-directory/layout.ts';
import { readRunning } from '../data-directory/lock.ts';
import { baseUrl, duration, positiveNumber, wholeNumber } from '../options.ts';
import { formatCount, formatMs, plural } from '../output/units.ts';
import { type ChangedSamples, changeSamples } from '../send/changed-samples.ts';
import { createSampleClient } from '../send/sample-client.ts';
import { pickSource } from '../send/pick-source.ts';
import { prepareSamples, type SampleSource } from '@ackline/runtime/samples/prepare-samples';
import { givenSecret } from '../send/given-secret.ts';
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
/** Of a proof that does not hold, or not any more. */
const REFUSED_STATUS = 401;

interface SendOptions {
  readonly source?: string;
  readonly count: number;
  readonly rate?: number;
  readonly concurrency: number;
  readonly url?: string;
  readonly body?: string;
  readonly secret?: string;
  readonly age?: number;
  readonly tamper?: true;
}

export function registerSend(program: Command, context: CommandContext): void {
  program
    .command('send')
    .description(
      'Send correctly signed samples to a running ingress; exit status 1 if one is refused, or not refused that has to be',
    )
    .argument('<provider|source>', 'a provider, such as telegram, or the name of a source')
    .option('-s, --source <name>', "default: the provider's first in the configuration")
    .option('-c, --count <number>', 'how many', wholeNumber(1, MAX_COUNT), 1)
    .option('-r, --rate <number>', 'per second; default: as fast as answers come', positiveNumber(MAX_RATE))
    .option('--concurrency <number>', 'in flight at most', wholeNumber(1, MAX_CONCURRENCY), CONCURRENCY)
    .option('--url <base>', 'of the ingress; default: the one that `ackline up` started here', baseUrl)
    .option('--body <file>', 'sign and send these bytes, as they are; `-` for standard input')
    .option('--secret <value|env:NAME>', "sign with this one; default: the source's first")
    .option('--age <duration>', 'sign a time so long ago; refused where it is out of the tolerance', duration)
    .option('--tamper', 'alter a byte of the body after it was signed: it has to be refused')
    .addHelpText(
      'after',
      `
Example:
  $ ackline send telegram --count 1000 --rate 100
  $ ackline send whatsapp
  $ ackline send github --body push.json
  $ ackline send stripe --age 10m
  $ ackline send stripe --tamper
  $ ackline send stripe --secret env:STRIPE_SECRET_NEW`,
    )
    .action(async (provider: string, options: SendOptions) => {
      const samples = await prepare(provider, options, context);
      const { age: ageMs = null, tamper: isTampered = false } = options;
      const changed = changeSamples(samples, { ageMs, isTampered }, Date.now());
      const summary = await sendAll({ ...changed, url: samples.url }, options, context);
      context.terminal.line(formatSendSummary(samples.url, summary));
      if (changed.refusal === null) checkAccepted(summary);
      else context.terminal.line(describeRefusal(changed.refusal, summary));
    });
}

function checkAccepted({ sent, accepted }: SendSummary): void {
  if (accepted === sent) return;
  throw new AppError(
    'ACKLINE_SEND_FAILED',
    `${formatCount(sent - accepted)} of ${plural(sent, 'sample')} not accepted`,
  );
}

/** Throws ACKLINE_SEND_NOT_REFUSED where not all of them were refused. */
function describeRefusal(why: string, { sent, byOutcome }: SendSummary): string {
  const others = sent - (byOutcome.get(REFUSED_STATUS) ?? 0);
  if (others === 0) return `Refused, which is right: ${why}. Exit status 0; 1 where one is not refused.`;
  throw new AppError(
    'ACKLINE_SEND_NOT_REFUSED',
    `${formatCount(others)} of ${plural(sent, 'sample')} not answered ${REFUSED_STATUS}, though ${why}`,
  );
}

async function prepare(
  provider: string,
  options: SendOptions,
  context: CommandContext,
): Promise<SampleSource> {
  const config = context.config();
  const settings = await readSampleSettings(config);
  const source = pickSource(settings.config, provider, options.source);
  return prepareSamples(source, {
    ...settings,
    baseUrl: options.url ?? (await findIngressUrl(config)),
    ...(options.secret !== undefined && { secret: givenSecret(options.secret, settings.environment) }),
    ...(options.body !== undefined && { body: await readBodyFile(options.body, context) }),
  });
}

/** Where `ackline up` listens, else where an ingress with this environment would. */
async function findIngressUrl(config: CliConfig): Promise<string> {
  const running = await readRunning(dataLayout(config.dataDir));
  return running?.ingressUrl ?? `http://127.0.0.1:${config.port.port}`;
}

async function sendAll(
  samples: Pick<ChangedSamples, 'sample'> & Pick<SampleSource, 'url'>,
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
