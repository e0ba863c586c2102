import { isObject, valueAt } from '@ackline/shared/providers/body/json-body';
import type { ApiMethods, File, Opts, WebhookInfo } from '@grammyjs/types';
import { giveUp } from '../handler-error.ts';
import type { ReadAnswer } from '../http/exchange.ts';
import { OutboundError } from '../http/outbound-error.ts';
import type { OutboundAnswer } from '../http/outbound-http.ts';
import { baseUrl, type ClientDeps, fingerprint, type Limit, secretOf, textSetting } from './client-deps.ts';

/** Files are named by id or URL here: nothing is uploaded. */
type Uploads = never;
type Method = keyof ApiMethods<Uploads>;
type Result<M extends Method> = ReturnType<ApiMethods<Uploads>[M]>;

export interface TelegramClient {
  /** Any method of the Bot API. Limits of Telegram are kept: 30 a second of a bot, one a second to a chat. */
  call<M extends Method>(method: M, params: Opts<Uploads>[M]): Promise<Result<M>>;
  sendMessage(message: Opts<Uploads>['sendMessage']): Promise<Result<'sendMessage'>>;
  answerCallbackQuery(answer: Opts<Uploads>['answerCallbackQuery']): Promise<true>;
  getFile(fileId: string): Promise<File>;
  /** The bytes of what `getFile` gave; default and most: 20 MiB, as Telegram has it. */
  download(file: Pick<File, 'file_path'>, options?: { readonly maxBytes?: number }): Promise<Uint8Array>;
  getWebhookInfo(): Promise<WebhookInfo>;
  setWebhook(webhook: Opts<Uploads>['setWebhook']): Promise<true>;
}

const API = 'https://api.telegram.org';
const GLOBAL = { points: 30, perMs: 1_000 };
const OF_CHAT = { points: 1, perMs: 1_000 };
const MAX_FILE_BYTES = 20 * 1_048_576;
/** What Telegram does again without an effect that a person sees. */
const REPEATABLE = /^(?:get|set|answerCallbackQuery$|sendChatAction$)/;
/** What a chat sees. */
const TO_CHAT = /^(?:send|copy|forward|edit)/;
const MAX_WORDS = 200;

export function createTelegramClient(deps: ClientDeps): TelegramClient {
  const token = secretOf(deps, 'telegramToken', 'telegram');
  const api = baseUrl(textSetting(deps, ['telegram', 'apiUrl']), API);
  const bot = `telegram:${fingerprint(token)}`;

  async function call(method: string, params: object): Promise<unknown> {
    const limits = limitsOf(method, params, bot);
    const idempotent = REPEATABLE.test(method);
    const answer = await deps.request(`${api}/bot${token}/${method}`, {
      method: 'POST',
      json: params,
      idempotent,
      anyStatus: true,
      retryAfterOf,
      before: async signal => {
        for (const limit of limits) await deps.take(limit, signal);
      },
    });
    return resultOf(answer, { host: new URL(api).host, idempotent });
  }

  const typed = call as TelegramClient['call'];
  return {
    call: typed,
    sendMessage: message => typed('sendMessage', message),
    answerCallbackQuery: answer => typed('answerCallbackQuery', answer),
    getFile: fileId => typed('getFile', { file_id: fileId }),
    async download({ file_path: path }, { maxBytes = MAX_FILE_BYTES } = {}) {
      if (path === undefined || !isFilePath(path)) throw giveUp('Telegram gave no path for the file');
      const url = `${api}/file/bot${token}/${path}`;
      const { body } = await deps.request(url, { maxAnswerBytes: Math.min(maxBytes, MAX_FILE_BYTES) });
      return body;
    },
    getWebhookInfo: () => typed('getWebhookInfo', {}),
    setWebhook: webhook => typed('setWebhook', webhook),
  };
}

/** The chat's first: while it waits, it takes nothing from the others. */
function limitsOf(method: string, params: object, bot: string): readonly Limit[] {
  const chat: unknown = 'chat_id' in params ? params.chat_id : undefined;
  const ofChat =
    TO_CHAT.test(method) && (typeof chat === 'number' || typeof chat === 'string')
      ? [{ key: `${bot}:${String(chat).slice(0, 64)}`, ...OF_CHAT }]
      : [];
  return [...ofChat, { key: bot, ...GLOBAL }];
}

function isFilePath(path: string): boolean {
  return /^[\w./-]{1,512}$/.test(path) && !path.split('/').includes('..');
}

/** Telegram says it in the body, in seconds. */
function retryAfterOf({ status, body }: ReadAnswer): number | null {
  if (status !== 429) return null;
  const seconds = valueAt(parse(body.toString('utf8')), 'parameters', 'retry_after');
  return typeof seconds === 'number' && seconds >= 0 ? seconds * 1_000 : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function resultOf(
  answer: OutboundAnswer,
  { host, idempotent }: { host: string; idempotent: boolean },
): unknown {
  const said = parse(answer.text());
  if (isObject(said) && said['ok'] === true && 'result' in said) return said['result'];
  const { status } = answer;
  const asked = valueAt(said, 'parameters', 'retry_after');
  throw new OutboundError({
    method: 'POST',
    host,
    status,
    code: `HTTP_${status}`,
    words: `answered ${status}${wordsOf(valueAt(said, 'description'))}`,
    retryAfterMs: status === 429 && typeof asked === 'number' ? asked * 1_000 : null,
    // Not what Telegram itself says: it may have been done.
    maybeDone: !isObject(said) && !idempotent,
  });
}

/** Telegram's own words, but for what they quote: that may be the text that was sent. */
function wordsOf(description: unknown): string {
  if (typeof description !== 'string') return '';
  const words = description.replace(/"[^"]*"/g, '"…"').replace(/[^\x20-\x7E…]+/g, ' ');
  return `: ${words.slice(0, MAX_WORDS)}`;
}
