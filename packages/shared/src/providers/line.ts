import { hash } from 'node:crypto';

import type { EventEnvelope } from '../envelope.ts';
import type {
  Identified,
  Identity,
  Provider,
  ReceivedRequest,
  SampleOptions,
  SampleRequest,
  SplitPart,
} from '../provider.ts';
import { safeKey } from '../safe-key.ts';
import { idKey, keyOfAll, typeKey } from './event/identity-keys.ts';
import { epochMs, idText, type JsonObject, readJsonObject, senderOf, valueAt } from './body/json-body.ts';
import { jsonElements, jsonMember } from './body/json-parts.ts';
import { received } from './event/received.ts';
import { checkTextSecret, hmacBase64, verifyText } from './proof/signature.ts';

const PROOF_HEADER = 'x-line-signature';
/** Base64 of the 32 bytes of an HMAC-SHA256. */
const SIGNATURE_RULES = { header: PROOF_HEADER, form: /^[A-Za-z0-9+/]{43}=$/ };

const verify = verifyText(SIGNATURE_RULES, (secret, { body }) => hmacBase64('sha256', secret, [body]));

/**
 * A body is ordered by its account, whose chats it may mix; each of its events by its chat. Its events name the whole body, so that
 * another try of it is known before it is split, and where it stays whole.
 */
function identify({ body }: ReceivedRequest): Identified {
  const read = readJsonObject(body);
  if (read.kind === 'malformed') return read;
  const account = accountOf(read.value);
  const events = eventsOf(read.value);
  const sender = senderOf((events ?? []).values().map(event => keyOf(event, account)));
  return { kind: 'event', identity: wholeIdentity(account, events), sender };
}

function wholeIdentity(account: string | null, events: readonly unknown[] | null): Identity {
  const orderingKey = idKey(account);
  if (events?.length === 1) return { ...eventIdentity(events[0], account), orderingKey };
  // Without an event it is the Verify of the console, which is of no account's order.
  const type = events === null ? 'unknown' : events.length === 0 ? 'verify' : 'batch';
  return {
    type,
    dedupKey: keyOfAll((events ?? []).values().map(idOf)),
    orderingKey: type === 'batch' ? orderingKey : null,
    occurredAt: null,
    priority: 'normal',
  };
}

/** The bot: a user id, the same for every channel of a bot. */
function accountOf(payload: JsonObject): string | null {
  return idText(valueAt(payload, 'destination'));
}

function eventsOf(payload: JsonObject): readonly unknown[] | null {
  const events = valueAt(payload, 'events');
  return Array.isArray(events) ? events : null;
}

/** Whether it is a redelivery is not of its identity: `webhookEventId` is the same for each try. */
function eventIdentity(event: unknown, account: string | null): Identity {
  return {
    type: typeKey(valueAt(event, 'type')),
    dedupKey: idOf(event),
    orderingKey: keyOf(event, account),
    occurredAt: epochMs(valueAt(event, 'timestamp'), 1),
    priority: 'normal',
  };
}

function idOf(event: unknown): string | null {
  return idKey(valueAt(event, 'webhookEventId'));
}

function keyOf(event: unknown, account: string | null): string | null {
  const chat = chatOf(valueAt(event, 'source'));
  return account === null || chat === null ? null : safeKey(account, chat);
}

/** The chat, and not who wrote in it. */
function chatOf(source: unknown): string | null {
  for (const name of ['groupId', 'roomId', 'userId']) {
    const id = idText(valueAt(source, name));
    if (id !== null) return id;
  }
  return null;
}

/** Each part is a whole body of LINE's with one event. A body that has a single one stays as it is signed. */
function* split({ body }: Pick<EventEnvelope, 'body'>): Generator<SplitPart, undefined> {
  const read = readJsonObject(body);
  if (read.kind === 'malformed') return;
  const account = accountOf(read.value);
  const events = eventsOf(read.value) ?? [];
  const destination = jsonMember(body, 'destination') ?? Buffer.from('null');
  const list = jsonMember(body, 'events') ?? Buffer.from('[]');
  for (const [event, bytes] of jsonElements(events, list)) {
    const identity = eventIdentity(event, account);
    yield { identity, body: events.length === 1 ? body : bodyOf(destination, bytes) };
  }
}

function bodyOf(destination: Uint8Array, event: Uint8Array): Uint8Array {
  return Buffer.concat([
    Buffer.from('{"destination":'),
    destination,
    Buffer.from(',"events":['),
    event,
    Buffer.from(']}'),
  ]);
}

function sample(options: SampleOptions): SampleRequest {
  const { secret, body = sampleBody(options) } = options;
  return {
    headers: [
      ['Content-Type', 'application/json; charset=utf-8'],
      [PROOF_HEADER, hmacBase64('sha256', secret, [body])],
      ['User-Agent', 'LineBotWebhook/2.0'],
    ],
    body,
  };
}

function sampleBody({ sequence, now }: SampleOptions): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      destination: sampleId('U', 'bot'),
      events: [
        {
          type: 'message',
          message: { type: 'text', id: String(SAMPLE_MESSAGE_ID + BigInt(sequence)), text: 'Sample 👋' },
          webhookEventId: `01${hash('sha256', `${now}/${sequence}`, 'hex')
            .slice(0, ULID_CHARS - 2)
            .toUpperCase()}`,
          deliveryContext: { isRedelivery: false },
          timestamp: now,
          source: { type: 'user', userId: sampleId('U', `chat/${sequence % SAMPLE_CHATS}`) },
          replyToken: hash('sha256', `reply/${now}/${sequence}`, 'hex').slice(0, ID_CHARS),
          mode: 'active',
        },
      ],
    }),
  );
}

const ULID_CHARS = 26;
const ID_CHARS = 32;
/** Over 2^53, as the ids of messages are. */
const SAMPLE_MESSAGE_ID = 444_573_844_083_572_737n;
/** Several, so that order per key can be watched. */
const SAMPLE_CHATS = 5;

function sampleId(prefix: 'U', seed: string): string {
  return prefix + hash('sha256', seed, 'hex').slice(0, ID_CHARS);
}

/** A channel secret has 32 characters; access tokens are longer. */
const SECRET_MAX_CHARS = 64;

function checkSecret(secret: string): true | string {
  if (secret.length > SECRET_MAX_CHARS) return 'must be the channel secret, not a channel access token';
  return checkTextSecret(secret);
}

/** Messaging API: events of chats, several in one body, proven by an HMAC-SHA256 over the raw body. */
export const line: Provider = {
  name: 'line',
  contentTypes: ['application/json'],
  bearerHeaders: [],
  proofHeaders: [PROOF_HEADER],
  signsUrl: false,
  // What is refused comes again only where a channel has redelivery switched on.
  overLimit: 'defer',
  // It may stop sending, but only after "a long time" of failures (developers.line.biz, Receive messages).
  rules: { waitsMs: 2_000, disables: false, sendsAgain: false },
  toleranceMs: null,
  verify,
  identify,
  split,
  answer: received,
  sample,
  checkSecret,
};
