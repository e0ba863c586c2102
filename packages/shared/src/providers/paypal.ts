import { createPublicKey, hash, type KeyObject, sign as signOnce, verify as verifyOnce } from 'node:crypto';
import { crc32 } from 'node:zlib';

import { createKeyCache } from '../key-cache.ts';
import type {
  Identified,
  KeyPair,
  Provider,
  PublishedCertificate,
  PublishedKeys,
  ReceivedRequest,
  RejectReason,
  SampleOptions,
  SampleRequest,
  Secrets,
  Verdict,
} from '../provider.ts';
import { idKey, typeKey } from './event/identity-keys.ts';
import { isoMs, readJsonObject, valueAt } from './body/json-body.ts';
import { isRsaKey, makeRsa, privateKeyOf, publicKeyOf, spkiOf } from './proof/key-pairs.ts';
import { received } from './event/received.ts';
import { sampleGuid } from './event/sample-guid.ts';
import {
  type Clock,
  type LiveSecret,
  readClaim,
  readProofHeader,
  refuse,
  verdictAtMs,
  verdictOf,
} from './proof/signature.ts';

const PROOF_HEADER = 'Paypal-Transmission-Sig';
const ID_HEADER = 'Paypal-Transmission-Id';
const TIME_HEADER = 'Paypal-Transmission-Time';
const URL_HEADER = 'Paypal-Cert-Url';
const ALGORITHM_HEADER = 'Paypal-Auth-Algo';
const ALGORITHM = 'SHA256withRSA';

/** Base64 of an RSA signature by a key of 2048 to 4096 bits. */
const SIGNATURE_RULES = { header: PROOF_HEADER.toLowerCase(), form: /^[A-Za-z0-9+/]{342,683}={0,2}$/ };
/** What is signed has `|` between its parts, so that none of them may have one. */
const ID_RULES = { header: ID_HEADER.toLowerCase(), form: /^[A-Za-z0-9_-]{1,50}$/ };
const TIME_RULES = {
  header: TIME_HEADER.toLowerCase(),
  form: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/,
};
const URL_RULES = { header: URL_HEADER.toLowerCase(), form: /^[!-~]{1,500}$/ };
const ALGORITHM_RULES = { header: ALGORITHM_HEADER.toLowerCase(), form: new RegExp(`^${ALGORITHM}$`) };

/**
 * PayPal tries for three days, and nothing says that it signs a later try anew: an honest one may be that old. What comes again
 * within this time is found by its event's id, which is kept for longer.
 */
const TOLERANCE_MS = 4 * 86_400_000;

/** Whom the certificates of a host are made out to. */
const SUBJECTS: ReadonlyMap<string, string> = new Map([
  ['api.paypal.com', 'messageverificationcerts.paypal.com'],
  ['api.sandbox.paypal.com', 'messageverificationcerts.sandbox.paypal.com'],
]);
/** The only form of a URL that may be asked: nothing in it is left for a parser to decide. */
const CERTIFICATE_URL = /^https:\/\/([a-z.]{1,50})\/v1\/notifications\/certs\/CERT-[0-9A-Za-z-]{1,100}$/;

function certificateAt(url: string): PublishedCertificate | null {
  const subject = SUBJECTS.get(CERTIFICATE_URL.exec(url)?.[1] ?? '');
  return subject === undefined ? null : { url, subject };
}

/** As the developer dashboard shows it: 17 capitals and digits. */
const WEBHOOK_ID = /^[0-9A-Z]{10,50}$/;

/** What the webhooks simulator signs for, whoever asks it to and whatever URL it sends to. */
const SIMULATOR_WEBHOOK_ID = 'WEBHOOK_ID';

interface SecretParts {
  readonly webhookId: string;
  /** Behind it and white space; empty: there is nothing. */
  readonly key: string;
}

/** The id of the webhook, alone or with a key of its own behind it. */
function partsOf(secret: string): SecretParts {
  const end = secret.search(/\s/);
  if (end === -1) return { webhookId: secret, key: '' };
  return { webhookId: secret.slice(0, end), key: secret.slice(end).trim() };
}

/** Of a secret with a key: a certificate or a public key in PEM, or the latter in base64. */
const pinnedKey = createKeyCache(secret => {
  const { key } = partsOf(secret);
  const publicKey = key.startsWith('-----BEGIN ') ? pemKey(key) : publicKeyOf(Buffer.from(key, 'base64'));
  return publicKey !== null && isRsaKey(publicKey) ? publicKey : null;
});

const PUBLIC_PEM = /^-----BEGIN (?:CERTIFICATE|PUBLIC KEY)-----\s/;

function pemKey(pem: string): KeyObject | null {
  if (!PUBLIC_PEM.test(pem)) return null;
  try {
    return createPublicKey(pem);
  } catch {
    return null;
  }
}

const signingKeyOf = createKeyCache(secret => {
  const key = privateKeyOf(Buffer.from(partsOf(secret).key, 'base64'));
  return key !== null && isRsaKey(key) ? key : null;
});

interface Transmission {
  readonly id: string;
  readonly time: string;
  /** Of the body. */
  readonly checksum: number;
}

function signedText({ id, time, checksum }: Transmission, webhookId: string): Buffer {
  return Buffer.from(`${id}|${time}|${webhookId}|${checksum}`);
}

function verify(keys: PublishedKeys, request: ReceivedRequest, secrets: Secrets, clock: Clock): Verdict {
  const claim = readClaim(request, secrets, SIGNATURE_RULES);
  if (claim.kind === 'refused') return claim.verdict;
  const values: string[] = [];
  for (const rules of [ID_RULES, TIME_RULES, URL_RULES, ALGORITHM_RULES]) {
    const proof = readProofHeader(request, rules);
    if (proof.kind === 'refused') return proof.verdict;
    values.push(proof.value);
  }
  const [id = '', time = '', url = ''] = values;
  const signedAt = isoMs(time);
  const signature = Buffer.from(claim.value, 'base64');
  // Two texts can be the same bytes: the bits that are over count for nothing.
  if (signedAt === null || signature.toString('base64') !== claim.value) return refuse('malformed_signature');
  const transmission = { id, time, checksum: crc32(request.body) };
  const published = createPublished(keys, url);
  const verdict = verdictOf(claim.live, secret => {
    const { webhookId, key } = partsOf(secret);
    const publicKey = key === '' ? published.key() : pinnedKey(secret);
    return (
      publicKey !== null && verifyOnce('sha256', signedText(transmission, webhookId), publicKey, signature)
    );
  });
  const missing = verdict.verified ? null : published.missing(claim.live);
  return missing === null ? verdictAtMs(verdict, signedAt, clock) : refuse(missing);
}

/** The key that a request names by its URL, asked for once, and only where a secret needs it. */
function createPublished(keys: PublishedKeys, url: string) {
  const certificate = certificateAt(url);
  let found: KeyObject | null | undefined;
  return {
    key(): KeyObject | null {
      if (found === undefined) found = certificate === null ? null : keys.keyOf(certificate);
      return found;
    },
    /** Why none of these could be held against it; null: one was. */
    missing(live: readonly LiveSecret[]): RejectReason | null {
      if (found !== null || !live.some(({ secret }) => partsOf(secret).key === '')) return null;
      return certificate === null ? 'certificate_url_refused' : 'certificate_unknown';
    },
  };
}

/** Of what happened to one resource: a payment, a subscription, a dispute. */
function identify(request: ReceivedRequest): Identified {
  const read = readJsonObject(request.body);
  if (read.kind === 'malformed') return read;
  return {
    kind: 'event',
    identity: {
      type: typeKey(valueAt(read.value, 'event_type')),
      dedupKey: idKey(valueAt(read.value, 'id')),
      orderingKey:
        idKey(valueAt(read.value, 'resource', 'id')) ??
        idKey(valueAt(read.value, 'resource', 'dispute_id')) ??
        idKey(valueAt(read.value, 'resource', 'invoice', 'id')),
      occurredAt: isoMs(valueAt(read.value, 'create_time')),
      priority: 'normal',
    },
  };
}

/** `secret`: the id of the webhook and what is signed with, in base64 (PKCS #8). */
function sample(options: SampleOptions): SampleRequest {
  const { secret, now, sequence, body = sampleBody(options) } = options;
  const key = signingKeyOf(secret);
  const { webhookId } = partsOf(secret);
  const id = sampleGuid(`transmission/${now}/${sequence}`);
  const time = `${new Date(now).toISOString().slice(0, SECONDS_CHARS)}Z`;
  const signed = signedText({ id, time, checksum: crc32(body) }, webhookId);
  return {
    headers: [
      ['Content-Type', 'application/json'],
      [PROOF_HEADER, key === null ? '' : signOnce('sha256', signed, key).toString('base64')],
      [ID_HEADER, id],
      [TIME_HEADER, time],
      [URL_HEADER, SAMPLE_URL],
      [ALGORITHM_HEADER, ALGORITHM],
      ['Paypal-Auth-Version', 'v2'],
      ['User-Agent', 'PayPal/AUHD-214.0 (sample)'],
    ],
    body,
  };
}

/** Of an ISO 8601 time to its seconds. */
const SECONDS_CHARS = 19;
/** Nothing is there: samples are proven by a key of their own. */
const SAMPLE_URL = 'https://api.sandbox.paypal.com/v1/notifications/certs/CERT-sample';
const SAMPLE_WEBHOOK_ID = 'ACKLINE0SAMPLE000';
const SAMPLE_ID_CHARS = 17;
/** Several, so that order per key can be watched. */
const SAMPLE_CAPTURES = 5;

function sampleBody({ sequence, now }: SampleOptions): Uint8Array {
  const id = hash('sha256', `${now}/${sequence}`, 'hex').toUpperCase();
  const time = new Date(now).toISOString();
  return Buffer.from(
    JSON.stringify({
      id: `WH-${id.slice(0, SAMPLE_ID_CHARS)}-${id.slice(SAMPLE_ID_CHARS, 2 * SAMPLE_ID_CHARS)}`,
      event_version: '1.0',
      create_time: time,
      resource_type: 'capture',
      resource_version: '2.0',
      event_type: 'PAYMENT.CAPTURE.COMPLETED',
      summary: 'Payment completed for EUR 20.0 EUR 👋',
      resource: {
        id: `SAMPLE${sequence % SAMPLE_CAPTURES}`,
        status: 'COMPLETED',
        amount: { currency_code: 'EUR', value: '20.00' },
        create_time: time,
      },
    }),
  );
}

function makeKeys(): KeyPair {
  const { secret, signingKey } = makeRsa();
  return { secret: `${SAMPLE_WEBHOOK_ID} ${secret}`, signingKey: `${SAMPLE_WEBHOOK_ID} ${signingKey}` };
}

/** With the webhook's id before it, as a secret has it. */
function publicSecretOf(signingKey: string): string | null {
  const key = signingKeyOf(signingKey);
  return key === null ? null : `${partsOf(signingKey).webhookId} ${spkiOf(key).toString('base64')}`;
}

/** A client secret or an access token of an app has small letters too. */
function checkSecret(secret: string): true | string {
  const { webhookId, key } = partsOf(secret);
  if (!WEBHOOK_ID.test(webhookId))
    return 'must be the id of the webhook, 17 capitals and digits as the developer dashboard shows it';
  return (
    key === '' ||
    pinnedKey(secret) !== null ||
    'must have nothing behind the id of the webhook but a certificate or a public key of RSA, 2048 bits or more: in PEM, or a public key in base64'
  );
}

/** It knows the keys that are in its secrets, and these. */
function createPaypal(keys: PublishedKeys): Provider {
  return {
    name: 'paypal',
    contentTypes: ['application/json'],
    bearerHeaders: [],
    proofHeaders: [PROOF_HEADER, ID_HEADER, TIME_HEADER, URL_HEADER, ALGORITHM_HEADER],
    signsUrl: false,
    // What is refused comes again, for three days.
    overLimit: 'reject',
    rules: { waitsMs: 10_000, disables: false, sendsAgain: true },
    toleranceMs: TOLERANCE_MS,
    withKeys: createPaypal,
    testSecret: SIMULATOR_WEBHOOK_ID,
    verify: (request, secrets, now, toleranceMs = TOLERANCE_MS) =>
      verify(keys, request, secrets, { now, toleranceMs }),
    identify,
    answer: received,
    sample,
    makeKeys,
    publicKeyOf: publicSecretOf,
    checkSecret,
  };
}

/** Webhooks of an app, proven by an RSA signature over the transmission, the webhook's id and a checksum of the body. */
export const paypal: Provider = createPaypal({ keyOf: () => null });
