import { createHmac, createSecretKey, type KeyObject, timingSafeEqual, verify } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { ReceivedRequest } from '@ackline/shared/provider';
import { ed25519PublicKey, publicKeyOf } from '@ackline/shared/providers/proof/key-pairs';

/** The least that anybody must do to prove a request of a provider: one HMAC or signature of what is signed, or one comparison. */
export interface BareCheck {
  /** In a few words, for the table. */
  readonly what: string;
  /** All that can be known before is done here; what is left is measured, and says whether the proof holds. */
  prepare(request: ReceivedRequest, secret: string): () => boolean;
}

interface HmacForm {
  readonly algorithm: 'sha1' | 'sha256';
  readonly encoding: 'hex' | 'base64';
  /** The signature in the headers. */
  readonly proof: (request: ReceivedRequest) => string;
  /** The bytes that are signed; default: the body. */
  readonly signed?: (request: ReceivedRequest) => Uint8Array;
  readonly keyOf?: (secret: string) => KeyObject;
}

const textKey = (secret: string) => createSecretKey(secret, 'utf8');
const standardKey = (secret: string) => createSecretKey(secret.replace('whsec_', ''), 'base64');

function hmac({ algorithm, encoding, proof, signed, keyOf = textKey }: HmacForm): BareCheck {
  return {
    what: `HMAC-${algorithm.toUpperCase()}, ${encoding}`,
    prepare(request, secret) {
      const key = keyOf(secret);
      const bytes = signed?.(request) ?? request.body;
      const given = Buffer.from(proof(request));
      return () => {
        const own = Buffer.from(createHmac(algorithm, key).update(bytes).digest(encoding));
        return own.length === given.length && timingSafeEqual(own, given);
      };
    },
  };
}

function sameKey(header: string): BareCheck {
  return {
    what: 'comparison of a token',
    prepare(request, secret) {
      const own = Buffer.from(secret);
      const text = headerOf(request, header);
      return () => {
        const given = Buffer.from(text);
        return own.length === given.length && timingSafeEqual(own, given);
      };
    },
  };
}

interface SignatureForm {
  readonly what: string;
  readonly digest: 'sha256' | null;
  readonly keyOf: (secret: string) => KeyObject | null;
  readonly proof: (request: ReceivedRequest) => Buffer;
  /** The bytes that are signed. */
  readonly signed: (request: ReceivedRequest, secret: string) => Uint8Array;
}

function signature({ what, digest, keyOf, proof, signed }: SignatureForm): BareCheck {
  return {
    what,
    prepare(request, secret) {
      const key = keyOf(secret);
      if (key === null) throw new Error('the secret is no public key');
      const bytes = signed(request, secret);
      const given = proof(request);
      return () => verify(digest, bytes, key, given);
    },
  };
}

function headerOf({ headers }: ReceivedRequest, name: string): string {
  const found = headers.find(([other]) => other.toLowerCase() === name);
  if (found === undefined) throw new Error(`the sample has no ${name}`);
  return found[1];
}

const of = (header: string) => (request: ReceivedRequest) => headerOf(request, header);
/** What stands behind this in the header. */
const behind = (header: string, prefix: string) => (request: ReceivedRequest) => {
  const value = headerOf(request, header);
  return value.slice(value.indexOf(prefix) + prefix.length);
};
const before = (request: ReceivedRequest, text: string) => Buffer.concat([Buffer.from(text), request.body]);

/** `t=<time>,…`: the time. */
const timeIn = (request: ReceivedRequest, header: string) => /\d+/.exec(headerOf(request, header))?.[0] ?? '';

function standard(prefix: string): BareCheck {
  return hmac({
    algorithm: 'sha256',
    encoding: 'base64',
    keyOf: standardKey,
    proof: behind(`${prefix}-signature`, 'v1,'),
    signed: request =>
      before(request, `${headerOf(request, `${prefix}-id`)}.${headerOf(request, `${prefix}-timestamp`)}.`),
  });
}

/** `v0:<time>:<body>`, as Slack and Zoom sign. */
function timed(signature: string, time: string): BareCheck {
  return hmac({
    algorithm: 'sha256',
    encoding: 'hex',
    proof: behind(signature, 'v0='),
    signed: request => before(request, `v0:${headerOf(request, time)}:`),
  });
}

/** Twilio's: the URL, and the form's parameters by name, with nothing between them. */
function urlAndForm({ url, body }: ReceivedRequest): Uint8Array {
  const fields = [...new URLSearchParams(Buffer.from(body).toString())].toSorted(([a], [b]) =>
    a < b ? -1 : 1,
  );
  return Buffer.from(url + fields.flat().join(''));
}

/** PayPal's: with a checksum of the body. */
function transmission(request: ReceivedRequest, secret: string): Uint8Array {
  const [webhookId = ''] = secret.split(' ', 1);
  const [id, time] = ['id', 'time'].map(name => headerOf(request, `paypal-transmission-${name}`));
  return Buffer.from(`${id}|${time}|${webhookId}|${crc32(request.body)}`);
}

/** By the provider's name. A test holds each against the provider's own sample. */
export const bareChecks: ReadonlyMap<string, BareCheck> = new Map([
  ['telegram', sameKey('x-telegram-bot-api-secret-token')],
  [
    'twilio',
    hmac({ algorithm: 'sha1', encoding: 'base64', proof: of('x-twilio-signature'), signed: urlAndForm }),
  ],
  ['respondio', hmac({ algorithm: 'sha256', encoding: 'base64', proof: of('x-webhook-signature') })],
  ['standard-webhooks', standard('webhook')],
  ['svix', standard('svix')],
  ['github', hmac({ algorithm: 'sha256', encoding: 'hex', proof: behind('x-hub-signature-256', 'sha256=') })],
  [
    'stripe',
    hmac({
      algorithm: 'sha256',
      encoding: 'hex',
      proof: behind('stripe-signature', 'v1='),
      signed: request => before(request, `${timeIn(request, 'stripe-signature')}.`),
    }),
  ],
  ['shopify', hmac({ algorithm: 'sha256', encoding: 'base64', proof: of('x-shopify-hmac-sha256') })],
  [
    'paddle',
    hmac({
      algorithm: 'sha256',
      encoding: 'hex',
      proof: behind('paddle-signature', 'h1='),
      signed: request => before(request, `${timeIn(request, 'paddle-signature')}:`),
    }),
  ],
  ['linear', hmac({ algorithm: 'sha256', encoding: 'hex', proof: of('linear-signature') })],
  [
    'square',
    hmac({
      algorithm: 'sha256',
      encoding: 'base64',
      proof: of('x-square-hmacsha256-signature'),
      signed: request => before(request, request.url),
    }),
  ],
  ['line', hmac({ algorithm: 'sha256', encoding: 'base64', proof: of('x-line-signature') })],
  ['slack', timed('x-slack-signature', 'x-slack-request-timestamp')],
  ['zoom', timed('x-zm-signature', 'x-zm-request-timestamp')],
  ['meta', hmac({ algorithm: 'sha256', encoding: 'hex', proof: behind('x-hub-signature-256', 'sha256=') })],
  ['viber', hmac({ algorithm: 'sha256', encoding: 'hex', proof: of('x-viber-content-signature') })],
  ['gitlab', sameKey('x-gitlab-token')],
  [
    'sendgrid',
    signature({
      what: 'ECDSA P-256, SHA-256',
      digest: 'sha256',
      keyOf: secret => publicKeyOf(Buffer.from(secret, 'base64')),
      proof: request => Buffer.from(headerOf(request, 'x-twilio-email-event-webhook-signature'), 'base64'),
      signed: request => before(request, headerOf(request, 'x-twilio-email-event-webhook-timestamp')),
    }),
  ],
  [
    'discord',
    signature({
      what: 'Ed25519',
      digest: null,
      keyOf: secret => ed25519PublicKey(Buffer.from(secret, 'hex')),
      proof: request => Buffer.from(headerOf(request, 'x-signature-ed25519'), 'hex'),
      signed: request => before(request, headerOf(request, 'x-signature-timestamp')),
    }),
  ],
  [
    'paypal',
    signature({
      what: 'RSA 2048, SHA-256',
      digest: 'sha256',
      keyOf: secret => publicKeyOf(Buffer.from(secret.replace(/^\S+ /, ''), 'base64')),
      proof: request => Buffer.from(headerOf(request, 'paypal-transmission-sig'), 'base64'),
      signed: transmission,
    }),
  ],
  ['generic', hmac({ algorithm: 'sha256', encoding: 'hex', proof: of('x-webhook-signature') })],
]);
