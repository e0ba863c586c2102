import type {
  Answer,
  Identified,
  Provider,
  ReceivedRequest,
  SampleOptions,
  SampleRequest,
  Secrets,
  Verdict,
} from '../provider.ts';
import { safeKey } from '../safe-key.ts';
import { idText, isoMs, readJsonObject, valueAt } from './json-body.ts';
import { sampleGuid } from './sample-guid.ts';
import { checkTextSecret, hmacBase64, judge, readClaim, sameText } from './signature.ts';

/** Not `x-square-signature`, which is SHA-1 and may be sent beside it. */
const PROOF_HEADER = 'x-square-hmacsha256-signature';
/** Base64 of the 32 bytes of an HMAC-SHA256. */
const SIGNATURE_RULES = { header: PROOF_HEADER, form: /^[A-Za-z0-9+/]{43}=$/ };

/**
 * The URL and the body are signed without anything between them. What moves from one to the other leaves a body that is no JSON
 * object, or an end of one.
 */
function verify(request: ReceivedRequest, secrets: Secrets): Verdict {
  const claim = readClaim(request, secrets, SIGNATURE_RULES);
  if (claim.kind === 'refused') return claim.verdict;
  const parts = [request.url, request.body];
  return judge(claim.live, secret => sameText(claim.value, hmacBase64('sha256', secret, parts)));
}

function identify(request: ReceivedRequest): Identified {
  const read = readJsonObject(request.body);
  if (read.kind === 'malformed') return read;
  const event = read.value;
  const type = valueAt(event, 'type');
  const id = idText(valueAt(event, 'event_id'));
  const entity = idText(valueAt(event, 'data', 'id'));
  return {
    kind: 'event',
    identity: {
      type: typeof type === 'string' && type !== '' ? safeKey(type) : 'unknown',
      dedupKey: id === null ? null : safeKey(id),
      orderingKey: entity === null ? null : safeKey(entity),
      occurredAt: isoMs(valueAt(event, 'created_at')),
      priority: 'normal',
    },
  };
}

function answer(): Answer {
  return { status: 200, contentType: 'application/json', body: '{"status":"received"}' };
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
  answer,
  sample,
  checkSecret,
};
