import type { Identified, Provider, ReceivedRequest, SampleOptions, SampleRequest } from '../provider.ts';
import { idKey, typeKey } from './event/identity-keys.ts';
import { isoMs, readJsonObject, valueAt } from './body/json-body.ts';
import { received } from './event/received.ts';
import { sampleGuid } from './event/sample-guid.ts';
import { checkTextSecret, hmacBase64, verifyText } from './proof/signature.ts';

/** Not `x-square-signature`, which is SHA-1 and may be sent beside it. */
const PROOF_HEADER = 'x-square-hmacsha256-signature';
/** Base64 of the 32 bytes of an HMAC-SHA256. */
const SIGNATURE_RULES = { header: PROOF_HEADER, form: /^[A-Za-z0-9+/]{43}=$/ };

/**
 * The URL and the body are signed without anything between them. What moves from one to the other leaves a body that is no JSON
 * object, or an end of one.
 */
const verify = verifyText(SIGNATURE_RULES, (secret, { url, body }) =>
  hmacBase64('sha256', secret, [url, body]),
);

function identify(request: ReceivedRequest): Identified {
  const read = readJsonObject(request.body);
  if (read.kind === 'malformed') return read;
  const event = read.value;
  return {
    kind: 'event',
    identity: {
      type: typeKey(valueAt(event, 'type')),
      dedupKey: idKey(valueAt(event, 'event_id')),
      orderingKey: idKey(valueAt(event, 'data', 'id')),
      occurredAt: isoMs(valueAt(event, 'created_at')),
      priority: 'normal',
    },
  };
}

function sample(options: SampleOptions): SampleRequest {
  const { url, secret, body = sampleBody(options) } = options;
  return {
    headers: [
      ['Content-Type', 'application/json'],
      [PROOF_HEADER, hmacBase64('sha256', secret, [url, body])],
      ['User-Agent', 'Square Connect v2'],
    ],
    body,
  };
}

/** Several, so that order per key can be watched. */
const SAMPLE_PAYMENTS = 5;

function sampleBody({ sequence, now }: SampleOptions): Uint8Array {
  const id = `sample${sequence % SAMPLE_PAYMENTS}`;
  return Buffer.from(
    JSON.stringify({
      merchant_id: 'SAMPLEMERCHANT',
      location_id: 'SAMPLELOCATION',
      type: 'payment.updated',
      event_id: sampleGuid(`${now}/${sequence}`),
      created_at: new Date(now).toISOString(),
      data: {
        type: 'payment',
        id,
        object: { payment: { id, amount_money: { amount: 100, currency: 'EUR' }, note: 'Sample 👋' } },
      },
    }),
  );
}

/** That of a webhook subscription. */
function checkSecret(secret: string): true | string {
  if (secret.startsWith('EAAA'))
    return 'must be the signature key of the webhook subscription, not an access token';
  return checkTextSecret(secret);
}

/** Events of sellers, proven by an HMAC-SHA256 over the called URL and the raw body. */
export const square: Provider = {
  name: 'square',
  contentTypes: ['application/json'],
  bearerHeaders: [],
  proofHeaders: [PROOF_HEADER],
  signsUrl: true,
  // What is refused comes again for a day.
  overLimit: 'reject',
  rules: { waitsMs: 10_000, disables: false, sendsAgain: true },
  toleranceMs: null,
  verify,
  identify,
  answer: received,
  sample,
  checkSecret,
};
