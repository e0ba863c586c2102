import { hash } from 'node:crypto';

import type { Identified, Provider, ReceivedRequest, SampleOptions, SampleRequest } from '../provider.ts';
import { idKey, typeKey } from './event/identity-keys.ts';
import { epochMs, isoMs, readJsonObject, valueAt } from './body/json-body.ts';
import { createPairsProof } from './proof/pairs-proof.ts';
import { received } from './event/received.ts';

const PROOF_HEADER = 'Stripe-Signature';

/** Five minutes, as in the SDK, which takes any time of the future; one from further away is a wrong clock, or was made up. */
const TOLERANCE_MS = 300_000;

/** The secret is used as the text that it is, `whsec_` included. Other schemes (`v0` is that of test events) prove nothing. */
const { verify, prove } = createPairsProof({
  header: PROOF_HEADER.toLowerCase(),
  separator: ',',
  time: 't',
  signature: 'v1',
  joint: '.',
  toleranceMs: TOLERANCE_MS,
});

/** A snapshot event has its object in it; a thin one (`v2.core.event`) names it. */
function identify(request: ReceivedRequest): Identified {
  const read = readJsonObject(request.body);
  if (read.kind === 'malformed') return read;
  const event = read.value;
  const object =
    idKey(valueAt(event, 'data', 'object', 'id')) ?? idKey(valueAt(event, 'related_object', 'id'));
  const created = valueAt(event, 'created');
  return {
    kind: 'event',
    identity: {
      type: typeKey(valueAt(event, 'type')),
      dedupKey: idKey(valueAt(event, 'id')),
      orderingKey: object,
      occurredAt: epochMs(created, 1000) ?? isoMs(created),
      priority: 'normal',
    },
  };
}

function sample(options: SampleOptions): SampleRequest {
  const { secret, now, body = sampleBody(options) } = options;
  const seconds = String(Math.floor(now / 1000));
  return {
    headers: [
      ['Content-Type', 'application/json; charset=utf-8'],
      [PROOF_HEADER, prove(secret, seconds, body)],
      ['User-Agent', 'Stripe/1.0 (sample)'],
    ],
    body,
  };
}

const SAMPLE_ID_CHARS = 24;
/** Several, so that order per key can be watched. */
const SAMPLE_OBJECTS = 5;

function sampleBody({ sequence, now }: SampleOptions): Uint8Array {
  const id = hash('sha256', `${now}/${sequence}`, 'hex').slice(0, SAMPLE_ID_CHARS);
  return Buffer.from(
    JSON.stringify(
      {
        id: `evt_${id}`,
        object: 'event',
        api_version: '2026-10-28.sample',
        created: Math.floor(now / 1000),
        data: {
          object: {
            id: `pi_sample${sequence % SAMPLE_OBJECTS}`,
            object: 'payment_intent',
            amount: 2_000 + sequence,
            currency: 'eur',
            description: 'Sample 👋',
            status: 'succeeded',
          },
        },
        livemode: false,
        pending_webhooks: 1,
        type: 'payment_intent.succeeded',
      },
      null,
      2, // as Stripe writes it
    ),
  );
}

/** Of an endpoint or of `stripe listen`; an API key is none. */
function checkSecret(secret: string): true | string {
  return (
    /^whsec_[!-~]{16,250}$/.test(secret) ||
    'must be the signing secret of the endpoint: "whsec_" and 16 characters or more, without spaces'
  );
}

/** Events of an account or a platform, proven by an HMAC-SHA256 over time and raw body. */
export const stripe: Provider = {
  name: 'stripe',
  contentTypes: ['application/json'],
  bearerHeaders: [],
  proofHeaders: [PROOF_HEADER],
  signsUrl: false,
  // What is refused comes again, for three days.
  overLimit: 'reject',
  rules: { waitsMs: 10_000, disables: false, sendsAgain: true },
  toleranceMs: TOLERANCE_MS,
  verify,
  identify,
  answer: received,
  sample,
  checkSecret,
};
