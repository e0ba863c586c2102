import { hash } from 'node:crypto';

import type { EventEnvelope } from '../envelope.ts';
import type {
  Answer,
  Identified,
  Provider,
  ReceivedRequest,
  SampleOptions,
  SampleRequest,
  Secrets,
  SplitPart,
} from '../provider.ts';
import { safeKey } from '../safe-key.ts';
import { idKey, keyOfAll } from './event/identity-keys.ts';
import { readJsonObject, senderOf } from './body/json-body.ts';
import { accountOf, metaEvents, productOf } from './meta/events.ts';
import { createPartBodies } from './meta/parts.ts';
import { received } from './event/received.ts';
import { checkTextSecret, hmacHex, sameText, verifyText } from './proof/signature.ts';

/** Not `X-Hub-Signature`, which is SHA-1 and is sent beside it. */
const PROOF_HEADER = 'X-Hub-Signature-256';
const SIGNATURE_RULES = { header: PROOF_HEADER.toLowerCase(), form: /^sha256=[0-9a-f]{64}$/ };

/** What is documented for WhatsApp. */
const MAX_BODY_BYTES = 3_145_728;

const verify = verifyText(SIGNATURE_RULES, (secret, { body }) => sign(secret, body));

function sign(secret: string, body: Uint8Array): string {
  return `sha256=${hmacHex(secret, [body])}`;
}

/**
 * A body is ordered by its account, whose chats it may mix; each of its events by its chat. Its events name the whole body, so that
 * another try of it is known before it is split, and where it stays whole.
 */
function identify({ body }: ReceivedRequest): Identified {
  const read = readJsonObject(body);
  if (read.kind === 'malformed') return read;
  const payload = read.value;
  const orderingKey = idKey(accountOf(payload));
  const [first, second] = metaEvents(payload).take(2);
  if (first !== undefined && second === undefined) {
    const { identity } = first;
    return { kind: 'event', identity: { ...identity, orderingKey }, sender: identity.orderingKey };
  }
  const product = productOf(payload);
  const type = safeKey(first === undefined ? product : `${product}.batch`);
  const dedupKey = keyOfAll(metaEvents(payload).map(({ identity }) => identity.dedupKey));
  const sender = senderOf(metaEvents(payload).map(({ identity }) => identity.orderingKey));
  return {
    kind: 'event',
    identity: { type, dedupKey, orderingKey, occurredAt: null, priority: 'normal' },
    sender,
  };
}

/** A body that has a single event stays as it is signed. */
function* split({ body }: Pick<EventEnvelope, 'body'>): Generator<SplitPart, undefined> {
  const read = readJsonObject(body);
  if (read.kind === 'malformed') return;
  const isSingle = [...metaEvents(read.value).take(2)].length === 1;
  const bodyAt = isSingle ? () => body : createPartBodies(body, read.value);
  for (const { identity, place } of metaEvents(read.value)) yield { identity, body: bodyAt(place) };
}

const CHALLENGE_FORM = /^[\w-]{1,256}$/;

/** What a callback URL is asked when it is entered: the challenge goes back to whoever shows a verify token. */
function handshake(query: URLSearchParams, tokens: Secrets): Answer | null {
  const only = (name: string) => {
    const [value, ...others] = query.getAll(name);
    return others.length === 0 ? value : undefined;
  };
  const [mode, token, challenge] = [only('hub.mode'), only('hub.verify_token'), only('hub.challenge')];
  if (mode !== 'subscribe' || token === undefined || challenge === undefined) return null;
  if (!tokens.some(own => own !== '' && sameText(own, token)) || !CHALLENGE_FORM.test(challenge)) return null;
  return { status: 200, contentType: 'text/plain', body: challenge };
}

function sample(options: SampleOptions): SampleRequest {
  const { secret, body = sampleBody(options) } = options;
  return {
    headers: [
      ['Content-Type', 'application/json'],
      [PROOF_HEADER, sign(secret, body)],
      ['User-Agent', 'facebookexternalua'],
    ],
    body,
  };
}

/** Several, so that order per key can be watched. */
const SAMPLE_CHATS = 5;

/** A text to a number of WhatsApp. */
function sampleBody({ sequence, now }: SampleOptions): Uint8Array {
  const from = `1555000${String(sequence % SAMPLE_CHATS).padStart(4, '0')}`;
  const id = hash('sha256', `${now}/${sequence}`, 'base64');
  const value = {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: '15550009999', phone_number_id: '106540352242922' },
    contacts: [{ profile: { name: 'Ada' }, wa_id: from }],
    messages: [
      {
        from,
        id: `wamid.${id}`,
        timestamp: String(Math.floor(now / 1000)),
        text: { body: `Sample ${sequence} 👋` },
        type: 'text',
      },
    ],
  };
  const entry = [{ id: '102290129340398', changes: [{ value, field: 'messages' }] }];
  return Buffer.from(JSON.stringify({ object: 'whatsapp_business_account', entry }));
}

/** That of an app. */
function checkSecret(secret: string): true | string {
  if (/^EAA|\|/.test(secret)) return 'must be the app secret, not an access token';
  return checkTextSecret(secret);
}

/** WhatsApp's Cloud API, Messenger, Instagram and what else an app subscribes to, proven by an HMAC-SHA256 over the raw body. */
export const meta: Provider = {
  name: 'meta',
  contentTypes: ['application/json'],
  bearerHeaders: [],
  proofHeaders: [PROOF_HEADER],
  signsUrl: false,
  // What is refused comes again later and later, and too much of it ends the subscription.
  overLimit: 'defer',
  rules: { waitsMs: 5_000, disables: false, sendsAgain: true },
  toleranceMs: null,
  maxBodyBytes: MAX_BODY_BYTES,
  verify,
  identify,
  split,
  handshake,
  answer: received,
  sample,
  checkSecret,
};
