import { hash } from 'node:crypto';
import { type ReceivedRequest, type ScriptedAnswer, startFakeReceiver } from './fake-receiver.ts';

/** A message as a chat got it. */
export interface SentMessage {
  readonly chatId: number | string;
  readonly text: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** Epoch milliseconds. */
  readonly at: number;
}

export interface TelegramCall {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** What was answered. */
  readonly status: number;
  /** Of an answer with 429: the wait that it asks for, in seconds. */
  readonly retryAfter: number | null;
  /** Epoch milliseconds. */
  readonly at: number;
}

export interface FakeTelegramOptions {
  readonly token?: string;
  readonly port?: number;
  /** Telegram's own: 30 calls a second, and one message a second to a chat. Default: off. */
  readonly keepsLimits?: boolean;
  /** From the arrival of a call, which is when it has its effect, to its answer. Default: 0. */
  readonly answerMs?: number;
  /** Asked for each call: seconds that it shall wait, as after a flood; null: it may go. */
  readonly refuses?: (call: Pick<TelegramCall, 'method' | 'params'>) => number | null;
}

/** A Bot API on 127.0.0.1, as far as bots of the examples need it: with 429, wrong tokens, files, and a webhook that it calls. */
export interface FakeTelegram extends AsyncDisposable {
  /** For `settings.telegram.apiUrl`. */
  readonly url: string;
  readonly token: string;
  /** Messages that were accepted, in order. */
  readonly sent: readonly SentMessage[];
  /** All calls with the right token. */
  readonly calls: readonly TelegramCall[];
  /** The next calls of `sendMessage` are refused with 429 and this `retry_after`. */
  limit(times: number, retryAfterSeconds: number): void;
  /** The next calls, of any method, get this answer. */
  script(...answers: readonly ScriptedAnswer[]): void;
  /** What `getFile` and a download of it give. */
  addFile(fileId: string, bytes: Buffer): void;
  /** Sends an update to the webhook that was set, with its secret token; gives the status of the answer. */
  push(update: Readonly<Record<string, unknown>>): Promise<number>;
  close(): Promise<void>;
}

interface Webhook {
  readonly url: string;
  readonly secretToken: string | null;
  readonly maxConnections: number;
  lastError: string | null;
}

const DEFAULT_TOKEN = '123456:fake-token-of-a-bot';
const LIMITS = { perMs: 1_000, calls: 30, messagesOfChat: 1 };
const DEFAULT_MAX_CONNECTIONS = 40;

export async function startFakeTelegram(options: FakeTelegramOptions = {}): Promise<FakeTelegram> {
  const { token = DEFAULT_TOKEN, keepsLimits = false, answerMs: delayMs = 0, refuses = () => null } = options;
  const receiver = await startFakeReceiver(options.port === undefined ? {} : { port: options.port });
  const sent: SentMessage[] = [];
  const calls: TelegramCall[] = [];
  const files = new Map<string, Buffer>();
  const refusals: number[] = [];
  const scripted: ScriptedAnswer[] = [];
  const limits = createLimits();
  let webhook: Webhook | null = null;

  function serve(request: ReceivedRequest): ScriptedAnswer {
    const file = new RegExp(`^/file/bot${token}/documents/(.+)$`).exec(request.url)?.[1];
    if (file !== undefined) return fileAnswer(files.get(decodeURIComponent(file)));
    const [, given, method] = /^\/bot([^/]+)\/(\w+)$/.exec(request.url) ?? [];
    if (given !== token || method === undefined) return problem(401, 'Unauthorized');
    const at = Date.now();
    const params = paramsOf(request);
    const next = scripted.shift();
    const answer =
      next ?? (params === null ? problem(400, 'Bad Request: can not parse JSON') : call(method, params));
    calls.push({ method, params: params ?? {}, at, ...told(answer) });
    return 'status' in answer ? { delayMs, ...answer } : answer;
  }

  function call(method: string, params: Readonly<Record<string, unknown>>): ScriptedAnswer {
    const waitSeconds =
      refuses({ method, params }) ?? (keepsLimits ? limits.wait(method, params['chat_id']) : null);
    if (waitSeconds !== null) return tooMany(waitSeconds);
    switch (method) {
      case 'sendMessage':
        return sendMessage(params);
      case 'getFile':
        return getFile(String(params['file_id']));
      case 'setWebhook':
        return setWebhook(params);
      case 'getWebhookInfo':
        return result(infoOf(webhook));
      case 'answerCallbackQuery':
      case 'editMessageText':
      case 'sendChatAction':
        return result(true);
      case 'getMe':
        return result({ id: 123456, is_bot: true, first_name: 'Fake', username: 'fake_bot' });
      default:
        return problem(404, 'Not Found: method not found');
    }
  }

  function getFile(id: string): ScriptedAnswer {
    const size = files.get(id)?.length;
    if (size === undefined) return problem(400, 'Bad Request: invalid file_id');
    return result({ file_id: id, file_unique_id: id, file_size: size, file_path: `documents/${id}` });
  }

  function sendMessage(params: Readonly<Record<string, unknown>>): ScriptedAnswer {
    const { chat_id: chatId, text } = params;
    if (typeof chatId !== 'number' && typeof chatId !== 'string') {
      return problem(400, 'Bad Request: chat_id is empty');
    }
    if (typeof text !== 'string' || text === '') return problem(400, 'Bad Request: message text is empty');
    const refusal = refusals.shift();
    if (refusal !== undefined) return tooMany(refusal);
    sent.push({ chatId, text, params, at: Date.now() });
    const date = Math.floor(Date.now() / 1_000);
    return result({ message_id: sent.length, date, chat: { id: chatId, type: 'private' }, text });
  }

  function setWebhook(params: Readonly<Record<string, unknown>>): ScriptedAnswer {
    const { url, secret_token: secret, max_connections: connections } = params;
    if (typeof url !== 'string') return problem(400, 'Bad Request: bad webhook: no URL');
    webhook =
      url === ''
        ? null
        : {
            url,
            secretToken: typeof secret === 'string' ? secret : null,
            maxConnections: typeof connections === 'number' ? connections : DEFAULT_MAX_CONNECTIONS,
            lastError: null,
          };
    return result(true);
  }

  receiver.always(serve);
  return {
    url: receiver.url,
    token,
    sent,
    calls,
    limit: (times, seconds) => void refusals.push(...Array<number>(times).fill(seconds)),
    script: (...answers) => void scripted.push(...answers),
    addFile: (id, bytes) => void files.set(id, bytes),
    async push(update) {
      if (webhook === null) throw new Error('no webhook is set');
      const { status } = await fetch(webhook.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(webhook.secretToken === null ? {} : { 'x-telegram-bot-api-secret-token': webhook.secretToken }),
        },
        body: JSON.stringify(update),
      });
      webhook.lastError =
        status >= 200 && status <= 299 ? null : `Wrong response from the webhook: ${status}`;
      return status;
    },
    close: () => receiver.close(),
    [Symbol.asyncDispose]: () => receiver.close(),
  };
}

/** Of the last second, as Telegram's own text has them. */
function createLimits() {
  const calls: number[] = [];
  const messages = new Map<string, number>();
  return {
    /** Whole seconds until the next one; null: it may go, and is counted. */
    wait(method: string, chat: unknown): number | null {
      const now = performance.now();
      while (calls[0] !== undefined && calls[0] <= now - LIMITS.perMs) calls.shift();
      const key = method === 'sendMessage' ? hash('sha256', String(chat)) : null;
      const last = key === null ? undefined : messages.get(key);
      if (last !== undefined && last > now - LIMITS.perMs) return 1;
      if (calls.length >= LIMITS.calls) return 1;
      calls.push(now);
      if (key !== null) messages.set(key, now);
      return null;
    },
  };
}

function told(answer: ScriptedAnswer): Pick<TelegramCall, 'status' | 'retryAfter'> {
  if (!('status' in answer)) return { status: 0, retryAfter: null };
  const seconds = answer.status === 429 ? /"retry_after":(\d+)/.exec(String(answer.body))?.[1] : undefined;
  return { status: answer.status, retryAfter: seconds === undefined ? null : Number(seconds) };
}

function paramsOf({ body }: ReceivedRequest): Readonly<Record<string, unknown>> | null {
  try {
    return body.length === 0 ? {} : (JSON.parse(body.toString()) as Readonly<Record<string, unknown>>);
  } catch {
    return null;
  }
}

function infoOf(webhook: Webhook | null) {
  return {
    url: webhook?.url ?? '',
    has_custom_certificate: false,
    pending_update_count: 0,
    ...(webhook === null ? {} : { max_connections: webhook.maxConnections }),
    ...(webhook?.lastError ? { last_error_message: webhook.lastError } : {}),
  };
}

function fileAnswer(bytes: Buffer | undefined): ScriptedAnswer {
  if (bytes === undefined) return problem(404, 'Not Found');
  return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: bytes };
}

function json(status: number, body: object, headers: Readonly<Record<string, string>> = {}): ScriptedAnswer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

function result(value: unknown): ScriptedAnswer {
  return json(200, { ok: true, result: value });
}

function problem(status: number, description: string): ScriptedAnswer {
  return json(status, { ok: false, error_code: status, description });
}

function tooMany(seconds: number): ScriptedAnswer {
  const description = `Too Many Requests: retry after ${seconds}`;
  return json(429, { ok: false, error_code: 429, description, parameters: { retry_after: seconds } });
}
