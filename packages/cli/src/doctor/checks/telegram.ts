import type { SourceConfig } from '@ackline/shared/config/types';
import { printable } from '@ackline/shared/printable';
import { formatCount, formatMs, plural } from '../../output/units.ts';
import { type Examination, finding } from '../examination.ts';
import { type Examined, type Finding, notLookedAt, only } from '../finding.ts';
import { type ApiAnswer, createBotApi, type WebhookInfo } from '../telegram/bot-api.ts';
import {
  calledUrls,
  capacityFor,
  DEFAULT_CONNECTIONS,
  isSameUrl,
  leftOut,
  shownUrl,
  wantedUpdates,
} from '../telegram/webhook.ts';

const HOUR_MS = 3_600_000;
/** Telegram forgets an update after a day. */
const DAY_MS = 24 * HOUR_MS;
/** Some always are on their way. */
const MANY_WAITING = 100;
const MAX_MESSAGE_CHARS = 200;

export interface TelegramOptions {
  readonly botTokenEnv: string;
  readonly apiUrl: string;
}

/** Of the only Telegram source; several have several bots, and each is asked by itself. */
export async function examineTelegram(
  examination: Examination,
  { botTokenEnv, apiUrl }: TelegramOptions,
): Promise<Examined> {
  const sources = examination.acklineConfig?.sources.filter(({ provider }) => provider === 'telegram') ?? [];
  const [source] = sources;
  if (source === undefined) return { findings: [], unlooked: [] };
  if (sources.length > 1) {
    return notLookedAt(
      'Telegram',
      'there are several bots: `ackline doctor telegram <source> --bot-token-env <name>` for each',
    );
  }
  const token = examination.config.environment[botTokenEnv] ?? '';
  if (token === '')
    return notLookedAt('Telegram', `${botTokenEnv} is not set (--bot-token-env names another)`);
  const answer = await createBotApi(token, apiUrl).webhookInfo();
  return only(webhookFindings(examination, source, { answer, botTokenEnv }));
}

export function webhookFindings(
  examination: Examination,
  source: SourceConfig,
  { answer, botTokenEnv }: { readonly answer: ApiAnswer<WebhookInfo>; readonly botTokenEnv: string },
): readonly Finding[] {
  const subject = `source ${source.name}`;
  if (answer.kind === 'away') return [finding('telegram-unreachable', subject, answer.problem)];
  if (answer.kind === 'refused') {
    const what = `it answers ${answer.code} to the token of ${botTokenEnv}: ${answer.description}`;
    return [finding('telegram-refuses', subject, what)];
  }
  return [
    ...urlFindings(examination, source, answer.result),
    ...errorFindings(subject, answer.result),
    ...loadFindings(examination, subject, answer.result),
    ...updateFindings(examination, source, answer.result),
  ];
}

function urlFindings(
  { acklineConfig }: Examination,
  source: SourceConfig,
  { url }: WebhookInfo,
): readonly Finding[] {
  const subject = `source ${source.name}`;
  if (url === '') return [finding('telegram-webhook-missing', subject, 'no webhook is set for the bot')];
  const expected = acklineConfig === null ? [] : calledUrls(source, acklineConfig);
  if (expected.length === 0 || expected.some(own => isSameUrl(own, url))) return [];
  return [
    finding(
      'telegram-webhook-elsewhere',
      subject,
      `Telegram calls ${shownUrl(url)}, and not ${expected[0] ?? ''}`,
    ),
  ];
}

function errorFindings(subject: string, info: WebhookInfo): readonly Finding[] {
  if (info.last_error_date === undefined) return [];
  const agoMs = Math.max(0, Date.now() - info.last_error_date * 1_000);
  if (agoMs > DAY_MS) return [];
  const message = printable((info.last_error_message ?? '').slice(0, MAX_MESSAGE_CHARS));
  const id = agoMs <= HOUR_MS ? 'telegram-failing' : 'telegram-failed';
  return [finding(id, subject, `its last error was ${formatMs(agoMs)} ago: ${message}`)];
}

function loadFindings(examination: Examination, subject: string, info: WebhookInfo): readonly Finding[] {
  const { pending_update_count: waiting, max_connections: connections = DEFAULT_CONNECTIONS } = info;
  const capacity = capacityFor(examination);
  return [
    ...(waiting >= MANY_WAITING
      ? [finding('telegram-waiting', subject, `${plural(waiting, 'update')} wait at Telegram`)]
      : []),
    ...(connections > capacity
      ? [
          finding(
            'telegram-connections',
            subject,
            `Telegram may open ${connections} connections, and the ingress has room for ${formatCount(capacity)}`,
          ),
        ]
      : []),
  ];
}

function updateFindings(
  { acklineConfig }: Examination,
  source: SourceConfig,
  { allowed_updates: allowed }: WebhookInfo,
): readonly Finding[] {
  if (acklineConfig === null) return [];
  const missing = leftOut(wantedUpdates(source, acklineConfig), allowed);
  if (missing.length === 0) return [];
  return [
    finding(
      'telegram-updates-left-out',
      `source ${source.name}`,
      `routes name ${missing.join(', ')}, and allowed_updates leaves that out`,
    ),
  ];
}
