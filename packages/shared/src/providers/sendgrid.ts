import { createVerify, sign as signOnce } from 'node:crypto';

import type { EventEnvelope } from '../envelope.ts';
import { createKeyCache } from '../key-cache.ts';
import type {
  Identified,
  Identity,
  Provider,
  ReceivedRequest,
  SampleOptions,
  SampleRequest,
  Secrets,
  SplitPart,
  Verdict,
} from '../provider.ts';
import { idKey, keyOfAll, typeKey } from './event/identity-keys.ts';
import { epochMs, readJson, senderOf, valueAt } from './body/json-body.ts';
import { jsonElements } from './body/json-parts.ts';
import { makeP256, privateKeyOf, publicKeyOf, spkiOf } from './proof/key-pairs.ts';
import { received } from './event/received.ts';
import { sampleGuid } from './event/sample-guid.ts';
import { readClaim, readProofHeader, SECONDS_FORM, verdictAt, verdictOf } from './proof/signature.ts';

const PROOF_HEADER = 'X-Twilio-Email-Event-Webhook-Signature';
const TIME_HEADER = 'X-Twilio-Email-Event-Webhook-Timestamp';
/** Base64 of an ECDSA signature in DER: two numbers of up to 33 bytes. */
const SIGNATURE_RULES = { header: PROOF_HEADER.toLowerCase(), form: /^[A-Za-z0-9+/]{8,96}={0,2}$/ };
const TIME_RULES = { header: TIME_HEADER.toLowerCase(), form: SECONDS_FORM };

/** The SDK has none. */
const TOLERANCE_MS = 300_000;

/** SubjectPublicKeyInfo of an uncompressed point of P-256: all but the point is the same in each. */
const PUBLIC_KEY_FORM = /^MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE[A-Za-z0-9+/]{86}==$/;
const SIGNING_KEY_FORM = /^[A-Za-z0-9+/]{40,400}={0,2}$/;

const verifyingKey = createKeyCache(secret =>
  PUBLIC_KEY_FORM.test(secret) ? publicKeyOf(Buffer.from(secret, 'base64')) : null,
);
const signingKeyOf = createKeyCache(secret =>
  SIGNING_KEY_FORM.test(secret) ? privateKeyOf(Buffer.from(secret, 'base64')) : null,
);

function publicSecretOf(signingKey: string): string | null {
  const key = signingKeyOf(signingKey);
  return key === null ? null : spkiOf(key).toString('base64');
}

/**
 * The time and the body are signed without anything between them. What moves from one to the other leaves a body that begins with
 * digits, which is no list, or a list without its beginning.
 */
function verify(
  request: ReceivedRequest,
  secrets: Secrets,
  now: number,
  toleranceMs: number = TOLERANCE_MS,
): Verdict {
  const claim = readClaim(request, secrets, SIGNATURE_RULES);
  if (claim.kind === 'refused') return claim.verdict;
  const seconds = readProofHeader(request, TIME_RULES);
  if (seconds.kind === 'refused') return seconds.verdict;
  const signature = Buffer.from(claim.value, 'base64');
  // Two texts can be the same bytes: the bits that are over count for nothing.
  const isExact = signature.toString('base64') === claim.value;
  const verdict = verdictOf(claim.live, secret => {
    const key = verifyingKey(secret);
    if (key === null || !isExact) return false;
    return createVerify('sha256').update(seconds.value).update(request.body).verify(key, signature);
  });
  return verdictAt(verdict, seconds.value, { now, toleranceMs });
}

/** What a body is ordered by: it names no account, so that all of a source are of one. */
const ACCOUNT = 'account';

/**
 * A body is ordered by the account, since it mixes the events of many messages; each of its events by its message. Its events name the
 * whole body, so that another try of it is known before it is split, and where it stays whole.
 */
function identify({ body }: ReceivedRequest): Identified {
  const read = readJson(body);
  if (read.kind === 'malformed') return read;
  if (!Array.isArray(read.value)) return { kind: 'malformed', detail: 'the JSON is not a list' };
  const events: readonly unknown[] = read.value;
  const identity =
    events.length === 1 ? identityOf(events[0]) : { ...BATCH, dedupKey: keyOfAll(events.values().map(idOf)) };
  return {
    kind: 'event',
    identity: { ...identity, orderingKey: ACCOUNT },
    sender: senderOf(events.values().map(keyOf)),
  };
}

const BATCH: Omit<Identity, 'dedupKey'> = {
  type: 'batch',
  orderingKey: null,
  occurredAt: null,
  priority: 'normal',
};

function identityOf(event: unknown): Identity {
  return {
    type: typeKey(valueAt(event, 'event')),
    dedupKey: idOf(event),
    orderingKey: keyOf(event),
    occurredAt: epochMs(valueAt(event, 'timestamp'), 1_000),
    priority: 'normal',
  };
}

function idOf(event: unknown): string | null {
  return idKey(valueAt(event, 'sg_event_id'));
}

function keyOf(event: unknown): string | null {
  return idKey(valueAt(event, 'sg_message_id'));
}

function* split({ body }: Pick<EventEnvelope, 'body'>): Generator<SplitPart, undefined> {
  const read = readJson(body);
  if (read.kind === 'malformed' || !Array.isArray(read.value)) return;
  const events: readonly unknown[] = read.value;
  for (const [event, bytes] of jsonElements(events, body))
    yield { identity: identityOf(event), body: events.length === 1 ? body : listOf(bytes) };
}

/** A list with this event alone, without the line end that stands before it. */
function listOf(json: Uint8Array): Uint8Array {
  return Buffer.from(`[${Buffer.from(json).toString('latin1').trim()}]`, 'latin1');
}

function sample(options: SampleOptions): SampleRequest {
  const { secret, now, body = sampleBody(options) } = options;
  const seconds = String(Math.floor(now / 1_000));
  const key = signingKeyOf(secret);
  const signed = Buffer.concat([Buffer.from(seconds), body]);
  return {
    headers: [
      ['Content-Type', 'application/json;charset=utf-8'],
      [PROOF_HEADER, key === null ? '' : signOnce('sha256', signed, key).toString('base64')],
      [TIME_HEADER, seconds],
      ['User-Agent', 'SendGrid Event API'],
    ],
    body,
  };
}

/** Two events of one message, with the line ends that there are. */
function sampleBody({ sequence, now }: SampleOptions): Uint8Array {
  const events = ['processed', 'delivered'].map(event => ({
    email: 'ada@example.com',
    timestamp: Math.floor(now / 1_000),
    'smtp-id': '<sample@example.com>',
    event,
    category: ['sample 👋'],
    sg_event_id: sampleGuid(`${now}/${sequence}/${event}`),
    sg_message_id: `sample${sequence % SAMPLE_MESSAGES}.recvd-0123456789-abcde-1-00000000-0.0`,
  }));
  return Buffer.from(`[${events.map(event => JSON.stringify(event)).join(',\r\n')}]\r\n`);
}

/** Several, so that order per key can be watched. */
const SAMPLE_MESSAGES = 5;

/** The verification key of the webhook. */
function checkSecret(secret: string): true | string {
  return (
    verifyingKey(secret) !== null ||
    'must be the verification key of the event webhook: base64 that begins with MFkwEwYHKoZIzj0C, without lines of PEM around it'
  );
}

/** The event webhook of Twilio SendGrid: several events in a body, proven by an ECDSA signature over the time and the raw body. */
export const sendgrid: Provider = {
  name: 'sendgrid',
  contentTypes: ['application/json'],
  bearerHeaders: [],
  proofHeaders: [PROOF_HEADER, TIME_HEADER],
  signsUrl: false,
  // What is refused comes again for a day.
  overLimit: 'reject',
  rules: { waitsMs: 10_000, disables: false, sendsAgain: true },
  toleranceMs: TOLERANCE_MS,
  verify,
  identify,
  split,
  answer: received,
  sample,
  makeKeys: makeP256,
  publicKeyOf: publicSecretOf,
  checkSecret,
};
