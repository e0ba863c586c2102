import type { Update } from '@grammyjs/types';
import type { Identified, Provider, ReceivedRequest, SampleOptions, SampleRequest } from '../provider.ts';
import { safeKey } from '../safe-key.ts';
import { bodyHash, idKey, typeKey } from './event/identity-keys.ts';
import { epochMs, idText, isObject, type JsonObject, readJsonObject, valueAt } from './body/json-body.ts';
import { received } from './event/received.ts';
import { verifyText } from './proof/signature.ts';

const PROOF_HEADER = 'X-Telegram-Bot-Api-Secret-Token';
const TOKEN_HEADER = PROOF_HEADER.toLowerCase();

/** What `setWebhook` takes as `secret_token`. */
const TOKEN_FORM = /^[A-Za-z0-9_-]{1,256}$/;

/**
 * Where an update names the conversation that it belongs to, most exact first. Paths and not a list of kinds, so that a kind
 * that Telegram adds tomorrow is ordered too:
 * messages, posts, reactions, boosts, membership, join requests: `chat`; callback queries: `message.chat`; business
 * connections: `user_chat_id`; inline, shipping, checkout queries and purchases: `from`; votes: `voter_chat` or `user`.
 * A private chat has the id of its user, so both names of it give one key. A poll's state has neither: no order is promised.
 */
const CHAT_PATHS: readonly (readonly string[])[] = [
  ['chat', 'id'],
  ['message', 'chat', 'id'],
  ['user_chat_id'],
  ['from', 'id'],
  ['voter_chat', 'id'],
  ['user', 'id'],
];

/** Epoch seconds. A callback query's `message.date` is not its own time, so it has none. */
const DATE_PATHS: readonly (readonly string[])[] = [
  ['edit_date'],
  ['date'],
  ['boost', 'add_date'],
  ['remove_date'],
];

const verify = verifyText({ header: TOKEN_HEADER, form: TOKEN_FORM }, secret => secret);

function identify(request: ReceivedRequest): Identified {
  const read = readJsonObject(request.body);
  if (read.kind === 'malformed') return read;
  const update = read.value;
  const kind = kindOf(update);
  const content = kind === null ? undefined : valueAt(update, kind);
  return {
    kind: 'event',
    identity: {
      type: typeKey(kind),
      dedupKey: dedupKey(update, request.body),
      orderingKey: chatOf(content),
      occurredAt: firstOf(DATE_PATHS, path => epochMs(valueAt(content, ...path), 1000)),
      priority: 'normal',
    },
  };
}

/**
 * `update_id` together with the body's hash. The token proves the sender but signs nothing, and after a week without updates
 * Telegram goes on from a random id: the id alone would one day drop a new update as a repeat of an old one. A retry has the
 * same bytes (the serialised update is what Telegram queues), so it still counts once. An update that carries no usable id is
 * kept under the event's own id: a repeat of it is processed twice rather than dropped.
 */
function dedupKey(update: JsonObject, body: Uint8Array): string | null {
  const value = valueAt(update, 'update_id');
  const id = typeof value === 'string' ? null : idText(value);
  return id === null ? null : safeKey(id, bodyHash(body));
}

/** The update's other top-level name. At most one is sent; of several, the first that holds an object. */
function kindOf(update: JsonObject): string | null {
  const names = Object.keys(update).filter(name => name !== 'update_id' && name !== '');
  return names.find(name => isObject(valueAt(update, name))) ?? names[0] ?? null;
}

function chatOf(content: unknown): string | null {
  return firstOf(CHAT_PATHS, path => idKey(valueAt(content, ...path)));
}

function firstOf<T>(
  paths: readonly (readonly string[])[],
  read: (path: readonly string[]) => T | null,
): T | null {
  for (const path of paths) {
    const value = read(path);
    if (value !== null) return value;
  }
  return null;
}

function sample(options: SampleOptions): SampleRequest {
  const { secret, body = sampleBody(options) } = options;
  return {
    headers: [
      ['Content-Type', 'application/json'],
      [PROOF_HEADER, secret],
    ],
    body,
  };
}

const SAMPLE_UPDATE_ID = 700_000_000;
/** Over 2^32, as the ids of newer accounts are. */
const SAMPLE_CHAT_ID = 5_000_000_000;
/** Several chats, so that order per key can be watched. */
const SAMPLE_CHATS = 5;

function sampleBody({ sequence, now }: SampleOptions): Uint8Array {
  const chatId = SAMPLE_CHAT_ID + (sequence % SAMPLE_CHATS);
  const person = { id: chatId, first_name: 'Ada', username: `ada_${sequence % SAMPLE_CHATS}` };
  const message: Update['message'] = {
    message_id: sequence + 1,
    from: { ...person, is_bot: false, language_code: 'en' },
    chat: { ...person, type: 'private' },
    date: Math.floor(now / 1000),
    text: `Sample ${sequence} of ${new Date(now).toISOString()} 👋`,
  };
  // Telegram itself writes a newline after the id.
  return Buffer.from(`{"update_id":${SAMPLE_UPDATE_ID + sequence},\n"message":${JSON.stringify(message)}}`);
}

function checkSecret(secret: string): true | string {
  return (
    TOKEN_FORM.test(secret) || 'must be 1 to 256 of A-Z a-z 0-9 _ - (what setWebhook takes as secret_token)'
  );
}

/** Bot API updates, proven by the secret token of `setWebhook`. */
export const telegram: Provider = {
  name: 'telegram',
  contentTypes: ['application/json'],
  bearerHeaders: [TOKEN_HEADER],
  proofHeaders: [PROOF_HEADER],
  signsUrl: false,
  overLimit: 'defer',
  rules: { waitsMs: 60_000, disables: false, sendsAgain: true },
  toleranceMs: null,
  verify,
  identify,
  // One that has a `method` would be executed as a call of the Bot API; this one has none.
  answer: received,
  sample,
  checkSecret,
};
