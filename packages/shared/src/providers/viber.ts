import { hash } from 'node:crypto';

import type {
  Answer,
  Identified,
  Provider,
  ReceivedRequest,
  SampleOptions,
  SampleRequest,
} from '../provider.ts';
import { safeKey } from '../safe-key.ts';
import { idKey, typeKey } from './event/identity-keys.ts';
import { epochMs, idText, type JsonObject, readJsonObject, valueAt } from './body/json-body.ts';
import { checkTextSecret, hmacHex, verifyText } from './proof/signature.ts';

/** Never `?sig=` of the URL, which has the same signature: URLs are logged on their way. */
const PROOF_HEADER = 'X-Viber-Content-Signature';
const SIGNATURE_RULES = { header: PROOF_HEADER.toLowerCase(), form: /^[0-9a-f]{64}$/ };

const verify = verifyText(SIGNATURE_RULES, (secret, { body }) => sign(secret, body));

function sign(secret: string, body: Uint8Array): string {
  return hmacHex(secret, [body]);
}

/** The callback that `set_webhook` makes at once is an event too (`webhook`), of nobody. */
function identify({ body }: ReceivedRequest): Identified {
  const read = readJsonObject(body);
  if (read.kind === 'malformed') return read;
  const callback = read.value;
  const type = typeKey(valueAt(callback, 'event'));
  const person = personOf(callback);
  return {
    kind: 'event',
    identity: {
      type,
      dedupKey: dedupKey(type, idText(valueAt(callback, 'message_token')), person),
      orderingKey: idKey(person),
      occurredAt: epochMs(valueAt(callback, 'timestamp'), 1),
      priority: 'normal',
    },
  };
}

/** Of messages, of what a person begins, of receipts. An id is of one person with one bot. */
const PERSON_PATHS: readonly (readonly string[])[] = [['sender', 'id'], ['user', 'id'], ['user_id']];

function personOf(callback: JsonObject): string | null {
  for (const path of PERSON_PATHS) {
    const id = idText(valueAt(callback, ...path));
    if (id !== null) return id;
  }
  return null;
}

/** A receipt has the token of the message that it is about, and a broadcast has one token for all who get it. */
function dedupKey(type: string, token: string | null, person: string | null): string | null {
  if (token === null) return null;
  return person === null ? safeKey(type, token) : safeKey(type, token, person);
}

/** Without a body: one that `conversation_started` is answered with is sent to the person as a welcome message. */
function answer(): Answer {
  return { status: 200, contentType: null, body: '' };
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

/** Several, so that order per key can be watched. */
const SAMPLE_PEOPLE = 5;
/** Over 2^53, as tokens are; what is added to it stays under 2^63 until long after 2100. */
const SAMPLE_TOKEN = 4_900_000_000_000_000_000n;
const SAMPLE_TOKENS_A_MS = 1_000_000n;

/** JSON.stringify can not write a number over 2^53. */
function sampleBody({ sequence, now }: SampleOptions): Uint8Array {
  const token = SAMPLE_TOKEN + BigInt(now) * SAMPLE_TOKENS_A_MS + BigInt(sequence);
  const id = personId(sequence % SAMPLE_PEOPLE);
  const sender = { id, name: 'Ada 👋', language: 'en', country: 'UA', api_version: 10 };
  const message = { text: `Sample ${sequence}`, type: 'text' };
  return Buffer.from(
    `{"event":"message","timestamp":${now},"chat_hostname":"SN-CHAT-05_","message_token":${token},` +
      `"sender":${JSON.stringify(sender)},"message":${JSON.stringify(message)},"silent":false}`,
  );
}

function personId(number: number): string {
  return hash('sha256', `person/${number}`, 'base64').slice(0, PERSON_ID_CHARS);
}

const PERSON_ID_CHARS = 24;

/** Callbacks of bots, proven by an HMAC-SHA256 over the raw body. */
export const viber: Provider = {
  name: 'viber',
  contentTypes: ['application/json'],
  bearerHeaders: [],
  proofHeaders: [PROOF_HEADER],
  signsUrl: false,
  // What is refused comes again for an hour only.
  overLimit: 'defer',
  rules: { waitsMs: 10_000, disables: false, sendsAgain: true },
  toleranceMs: null,
  verify,
  identify,
  answer,
  sample,
  checkSecret: checkTextSecret,
};
