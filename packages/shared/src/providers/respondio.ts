import { hash } from 'node:crypto';

import type { Identified, Provider, ReceivedRequest, SampleOptions, SampleRequest } from '../provider.ts';
import { safeKey } from '../safe-key.ts';
import { idKey } from './event/identity-keys.ts';
import { epochMs, idText, isObject, type JsonObject, readJsonObject, valueAt } from './body/json-body.ts';
import { received } from './event/received.ts';
import { hmacBase64, verifyText } from './proof/signature.ts';

const PROOF_HEADER = 'X-Webhook-Signature';
/** Base64 of the 32 bytes of an HMAC-SHA256. */
const SIGNATURE_RULES = { header: PROOF_HEADER.toLowerCase(), form: /^[A-Za-z0-9+/]{43}=$/ };

/** Types whose every event is about a new message, so that the message's id names the event. */
const MESSAGE_TYPES: ReadonlySet<string> = new Set(['message.received', 'message.sent', 'message']);

const verify = verifyText(SIGNATURE_RULES, (secret, { body }) => sign(secret, body));

/** The key looks like base64 but is used as the text that it is. */
function sign(secret: string, body: Uint8Array): string {
  return hmacBase64('sha256', secret, [body]);
}

function identify(request: ReceivedRequest): Identified {
  const read = readJsonObject(request.body);
  if (read.kind === 'malformed') return read;
  const payload = read.value;
  const type = typeOf(payload);
  return {
    kind: 'event',
    identity: {
      type: safeKey(type),
      dedupKey: dedupKey(payload, type),
      orderingKey: idKey(valueAt(payload, 'contact', 'id')),
      occurredAt: epochMs(valueAt(payload, 'message', 'timestamp'), 1),
      priority: 'normal',
    },
  };
}

/**
 * `event_type` where it is sent. The bare payload has none: then `message.traffic` says whether the message was received or
 * sent, and where that is missing too the type is `message`, since nothing in the body tells the direction.
 */
function typeOf(payload: JsonObject): string {
  const eventType = valueAt(payload, 'event_type');
  if (typeof eventType === 'string' && eventType !== '') return eventType;
  if (!isObject(valueAt(payload, 'message'))) return 'unknown';
  const traffic = valueAt(payload, 'message', 'traffic');
  if (traffic === 'incoming') return 'message.received';
  return traffic === 'outgoing' ? 'message.sent' : 'message';
}

/**
 * `event_id`, else the message's id and its channel. The type is part of both, so that one id that two kinds of event share
 * drops neither. Other kinds without an `event_id` may carry an old message along: they have no id of their own.
 */
function dedupKey(payload: JsonObject, type: string): string | null {
  const eventId = idText(valueAt(payload, 'event_id'));
  if (eventId !== null) return safeKey('event', type, eventId);
  if (!MESSAGE_TYPES.has(type)) return null;
  const messageId =
    idText(valueAt(payload, 'message', 'messageId')) ??
    idText(valueAt(payload, 'message', 'channelMessageId'));
  if (messageId === null) return null;
  const channelId =
    idText(valueAt(payload, 'channel', 'id')) ?? idText(valueAt(payload, 'message', 'channelId'));
  return safeKey('message', type, channelId ?? '', messageId);
}

function sample(options: SampleOptions): SampleRequest {
  const { secret, body = sampleBody(options) } = options;
  return {
    headers: [
      ['Content-Type', 'application/json'],
      [PROOF_HEADER, sign(secret, body)],
    ],
    body,
  };
}

/** Several contacts, so that order per key can be watched; one digit of the phone number tells them apart. */
const SAMPLE_CONTACTS = 5;

function sampleBody({ sequence, now }: SampleOptions): Uint8Array {
  const contact = sequence % SAMPLE_CONTACTS;
  const messageId = hash('sha256', `${now}/${sequence}`, 'hex').slice(0, 16);
  const payload = {
    contact: { id: String(123 + contact), phone: `+123456789${contact}` },
    message: { messageId: `msg_${messageId}`, timestamp: now },
    channel: { id: 'ch_123', name: 'WhatsApp' },
  };
  return Buffer.from(JSON.stringify(payload));
}

function checkSecret(secret: string): true | string {
  if (secret === '') return 'must not be empty';
  return (
    secret === secret.trim() ||
    'must not begin or end with white space (the signing key is used as it is written)'
  );
}

/** respond.io webhooks, proven by an HMAC-SHA256 over the raw body; one signing key per webhook. */
export const respondio: Provider = {
  name: 'respondio',
  contentTypes: ['application/json'],
  bearerHeaders: [],
  proofHeaders: [PROOF_HEADER],
  signsUrl: false,
  overLimit: 'defer',
  rules: { waitsMs: 5_000, disables: true, sendsAgain: false },
  toleranceMs: null,
  verify,
  identify,
  answer: received,
  sample,
  checkSecret,
};
