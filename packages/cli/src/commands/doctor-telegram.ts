import { AppError } from '@ackline/shared/app-error';
import type { AcklineConfig, SourceConfig } from '@ackline/shared/config/types';
import { type Command, Option } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { openExamination } from '../doctor/checks/configuration.ts';
import { webhookFindings } from '../doctor/checks/telegram.ts';
import type { Examination } from '../doctor/examination.ts';
import { type ApiAnswer, type BotApi, createBotApi, type WebhookInfo } from '../doctor/telegram/bot-api.ts';
import { type ReportOptions, reportOptions, showReport } from '../doctor/report-options.ts';
import { describeSetting, orThrow, setWebhook, webhookSettings } from '../doctor/telegram/set-webhook.ts';
import {
  calledUrls,
  DEFAULT_CONNECTIONS,
  isSameUrl,
  MAX_CONNECTIONS,
  pickTelegramSource,
  shownUrl,
} from '../doctor/telegram/webhook.ts';
import { baseUrl, wholeNumber } from '../options.ts';
import { plural } from '../output/units.ts';

const API_URL = 'https://api.telegram.org';

interface TelegramCommandOptions extends ReportOptions {
  readonly setWebhook?: true;
  readonly maxConnections?: number;
  readonly yes?: true;
  readonly botTokenEnv: string;
  readonly apiUrl: string;
}

/** Where the bot's token is, and where the Bot API. */
export function telegramOptions(): readonly Option[] {
  return [
    new Option('--bot-token-env <name>', "the variable that has the bot's token").default(
      'TELEGRAM_BOT_TOKEN',
    ),
    new Option('--api-url <base>', 'of a Bot API server of your own').argParser(baseUrl).default(API_URL),
  ];
}

export function registerDoctorTelegram(doctor: Command, context: CommandContext): void {
  const command = doctor
    .command('telegram')
    .description("Compare a Telegram bot's webhook with its source, or set it as the source needs it")
    .argument('[source]', 'needed where there are several Telegram sources')
    .option('--set-webhook', 'set URL, secret token and max_connections; updates that wait are kept')
    .option(
      '--max-connections <number>',
      `of --set-webhook; default: as many as the ingress takes, ${MAX_CONNECTIONS} at most`,
      wholeNumber(1, MAX_CONNECTIONS),
    )
    .option('--yes', 'set it without asking')
    .addHelpText('after', '\nExample:\n  $ TELEGRAM_BOT_TOKEN=… ackline doctor telegram --set-webhook')
    .action(async (name: string | undefined, options: TelegramCommandOptions) => {
      const subject = await openSubject(context, name, options);
      if (options.setWebhook !== true) {
        report(context, options, { ...subject, answer: await subject.api.webhookInfo() });
        return;
      }
      const info = await setAsked(context, options, subject);
      if (info !== null) report(context, options, { ...subject, answer: { kind: 'ok', result: info } });
    });
  for (const option of [...telegramOptions(), ...reportOptions()]) command.addOption(option);
}

interface Subject {
  readonly examination: Examination;
  readonly config: AcklineConfig;
  readonly source: SourceConfig;
  readonly api: BotApi;
}

async function openSubject(
  context: CommandContext,
  name: string | undefined,
  { botTokenEnv, apiUrl }: TelegramCommandOptions,
): Promise<Subject> {
  const { examination, findings } = await openExamination(context.config());
  const { acklineConfig: config } = examination;
  if (config === null) {
    const list = findings.map(({ place, what }) =>
      place === null ? what : `${place.file}:${place.line}: ${what}`,
    );
    throw new AppError('ACKLINE_CONFIG_INVALID', list.join('\n'));
  }
  const source = pickTelegramSource(config, name);
  const token = examination.config.environment[botTokenEnv] ?? '';
  if (token === '') {
    throw new AppError(
      'ACKLINE_USAGE',
      `${botTokenEnv} is not set: it has to hold the token of the bot (--bot-token-env names another variable)`,
    );
  }
  return { examination, config, source, api: createBotApi(token, apiUrl) };
}

/** null: nobody wanted it. */
async function setAsked(
  context: CommandContext,
  { maxConnections, yes }: TelegramCommandOptions,
  { examination, config, source, api }: Subject,
): Promise<WebhookInfo | null> {
  const { terminal, confirm } = context;
  const settings = webhookSettings(examination, { source, config, maxConnections: maxConnections ?? null });
  const now = orThrow(await api.webhookInfo());
  terminal.note(describeSetting(source, settings, now));
  if (yes !== true) {
    if (confirm === null) {
      throw new AppError(
        'ACKLINE_USAGE',
        'Nothing is set: there is no terminal to ask on, so it takes --yes',
      );
    }
    if (!(await confirm('Set it?'))) {
      terminal.line('Nothing is set.');
      return null;
    }
  }
  return setWebhook(api, settings);
}

function report(
  context: CommandContext,
  options: TelegramCommandOptions,
  { examination, config, source, answer }: Subject & { readonly answer: ApiAnswer<WebhookInfo> },
): void {
  const findings = webhookFindings(examination, source, { answer, botTokenEnv: options.botTokenEnv });
  const info = answer.kind === 'ok' ? answer.result : null;
  const own = calledUrls(source, config);
  showReport(context, options, {
    heading: `source ${source.name}${info === null ? '' : `, ${describeInfo(info, own)}`}`,
    report: { findings, unlooked: [], accepted: 0 },
    facts: { source: source.name, webhook: info === null ? null : webhookJson(info, own) },
  });
}

function describeInfo(info: WebhookInfo, own: readonly string[]): string {
  if (info.url === '') return 'no webhook';
  const { pending_update_count: waiting, max_connections: connections = DEFAULT_CONNECTIONS } = info;
  return `called at ${knownUrl(info, own)} over ${connections} connections, ${plural(waiting, 'update')} waiting`;
}

function webhookJson(info: WebhookInfo, own: readonly string[]) {
  return {
    url: info.url === '' ? null : knownUrl(info, own),
    pendingUpdates: info.pending_update_count,
    maxConnections: info.max_connections ?? DEFAULT_CONNECTIONS,
    lastErrorAt:
      info.last_error_date === undefined ? null : new Date(info.last_error_date * 1_000).toISOString(),
    allowedUpdates: info.allowed_updates ?? [],
  };
}

/** One's own is no secret; another's path may be. */
function knownUrl({ url }: WebhookInfo, own: readonly string[]): string {
  return own.find(known => isSameUrl(known, url)) ?? shownUrl(url);
}
