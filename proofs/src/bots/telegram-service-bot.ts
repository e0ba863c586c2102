import { fileURLToPath } from 'node:url';
import { type FakeReceiver, startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { type FakeTelegram, startFakeTelegram, type TelegramCall } from '@ackline/testkit/fake-telegram';
import { TOKEN } from '../system.ts';
import type { BotCourse, BotScenario, Check, Conversation, OpenedScenario } from './bot-scenario.ts';
import { exampleConfig } from './example-config.ts';
import { judgeCache, judgeRefusals, judgeReplies, type LimitedCall } from './judge-bots.ts';

const EXAMPLE = fileURLToPath(new URL('../../../examples/telegram-service-bot/', import.meta.url));
const PATH = '/webhook/telegram';
/** Telegram's limit of a bot is 30 calls a second, and a conversation of four messages takes seven: four replies, three buttons. */
const CONVERSATIONS_PER_SECOND = 4;
/** Of its destination: the default. */
const CONCURRENCY = 20;
const FIRST_CHAT = 500_000_000;
const FIRST_UPDATE = 100_000_000;
const TYPES = ['repair', 'install'];
const SIDES = ['home', 'office'];
const CATEGORIES = [
  { id: 1, name: 'Heating' },
  { id: 2, name: 'Water' },
];
/** What the bot says to each message of a conversation, in order. */
const REPLIES = [/^What do you need\?/, /^Where\?/, /^What is it about\?/, /^Request \d+: /];
/** So that a processor that is killed has replies under way that have come, and are not answered yet. */
const ANSWER_MS = 200;
/** Every so many-th call of sendMessage is told to wait, for one of these times in turn; the longest is past what a call waits for itself. */
const REFUSE_EVERY = 50;
const WAITS_S = [1, 2, 3, 12];
/** Every so many-th request is answered 503 first. */
const API_FAILS_EVERY = 20;
/** A conversation of three messages ends before the request. */
const SHORT_EVERY = 5;

export const telegramServiceBot: BotScenario = { name: 'telegram-service-bot', open };

async function open(): Promise<OpenedScenario> {
  const telegram = await startFakeTelegram({
    keepsLimits: true,
    answerMs: ANSWER_MS,
    refuses: refuseAtTimes(),
  });
  const api = await startServiceApi();
  return {
    configText: await exampleConfig(EXAMPLE, {
      apiUrl: api.receiver.url,
      telegram: { apiUrl: telegram.url },
    }),
    env: { WEBHOOK_SECRET_TOKEN: TOKEN, TELEGRAM_BOT_TOKEN: telegram.token },
    rate: CONVERSATIONS_PER_SECOND,
    conversation,
    idOf: dedupKey => dedupKey.split('|')[0] ?? dedupKey,
    judge: course => judge(course, { telegram, api }),
    async [Symbol.asyncDispose]() {
      await telegram.close();
      await api.receiver.close();
    },
  };
}

function refuseAtTimes(): (call: Pick<TelegramCall, 'method'>) => number | null {
  let messages = 0;
  return ({ method }) => {
    if (method !== 'sendMessage') return null;
    messages += 1;
    const turn = messages / REFUSE_EVERY;
    return Number.isInteger(turn) ? (WAITS_S[turn % WAITS_S.length] ?? null) : null;
  };
}

interface ServiceApi {
  readonly receiver: FakeReceiver;
  /** Numbers by idempotency key. */
  readonly requested: ReadonlyMap<string, number>;
}

async function startServiceApi(): Promise<ServiceApi> {
  const receiver = await startFakeReceiver();
  const requested = new Map<string, number>();
  let posts = 0;
  receiver.always(({ url, rawHeaders }) => {
    if (isForCategories(url)) return { status: 200, body: JSON.stringify(CATEGORIES) };
    posts += 1;
    if (posts % API_FAILS_EVERY === 0) return { status: 503 };
    const key = rawHeaders.find(([name]) => name.toLowerCase() === 'idempotency-key')?.[1] ?? '';
    const number = requested.get(key) ?? requested.size + 1;
    requested.set(key, number);
    return { status: 200, body: JSON.stringify({ number }) };
  });
  return { receiver, requested };
}

const isForCategories = (url: string) => url.startsWith('/categories?');

/** /start, a type, a side and a category, for each combination of them in turn. */
function conversation(number: number): Conversation {
  const chat = FIRST_CHAT + number;
  const type = TYPES[number % 2] ?? '';
  const side = SIDES[(number >> 1) % 2] ?? '';
  const category = CATEGORIES[(number >> 2) % 2]?.id ?? 0;
  const presses = [type, `${type}:${side}`, `${type}:${side}:${category}`];
  const from = { id: chat, is_bot: false, first_name: 'Ada' };
  const message = { message_id: 1, date: 1_790_000_000, chat: { id: chat, type: 'private' } };
  const contents = [
    { message: { ...message, from, text: '/start' } },
    ...presses.map((data, n) => ({
      callback_query: { id: `${chat}-${n}`, from, chat_instance: '1', data, message },
    })),
  ];
  const isShort = number % SHORT_EVERY === 0;
  return {
    key: String(chat),
    messages: (isShort ? contents.slice(0, -1) : contents).map((content, index) => {
      const id = FIRST_UPDATE + number * REPLIES.length + index;
      return {
        id: String(id),
        path: PATH,
        headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': TOKEN },
        body: JSON.stringify({ update_id: id, ...content }),
      };
    }),
  };
}

interface Fakes {
  readonly telegram: FakeTelegram;
  readonly api: ServiceApi;
}

function judge({ messages, cache, kills }: BotCourse, { telegram, api }: Fakes): readonly Check[] {
  const replies = telegram.sent.map(({ chatId, text }) => {
    const index = REPLIES.findIndex(form => form.test(text));
    return { key: String(chatId), index: index === -1 ? null : index };
  });
  const wanted = messages.filter(({ index }) => index === REPLIES.length - 1).length;
  const loads = api.receiver.requests.filter(({ url }) => isForCategories(url)).length;
  const uses = messages.filter(({ index }) => index >= REPLIES.length - 2).length;
  return [
    ...judgeReplies(messages, replies, { kills, concurrency: CONCURRENCY }),
    judgeRefusals(telegram.calls.map(limitedCall)),
    judgeCache({ ...cache, keys: TYPES.length * SIDES.length, loads, uses }, kills),
    {
      name: 'a conversation makes one request, however often it is tried',
      holds: api.requested.size === wanted,
      figure: `${api.requested.size} requests of ${wanted} conversations`,
    },
  ];
}

function limitedCall({ params, at, retryAfter }: TelegramCall): LimitedCall {
  const key = String(params['chat_id'] ?? params['callback_query_id']);
  return { key, at, retryAfterMs: retryAfter === null ? null : retryAfter * 1_000 };
}
