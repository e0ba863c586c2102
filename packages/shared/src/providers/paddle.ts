import { hash } from 'node:crypto';

import type { Identified, Provider, ReceivedRequest, SampleOptions, SampleRequest } from '../provider.ts';
import { idKey, typeKey } from './event/identity-keys.ts';
import { isoMs, readJsonObject, valueAt } from './body/json-body.ts';
import { createPairsProof } from './proof/pairs-proof.ts';
import { received } from './event/received.ts';
import { checkTextSecret } from './proof/signature.ts';

const PROOF_HEADER = 'Paddle-Signature';

/** As in the SDK, which takes any time of the future. Paddle waits no longer for an answer. */
const TOLERANCE_MS = 5_000;

const { verify, prove } = createPairsProof({
  header: PROOF_HEADER.toLowerCase(),
  separator: ';',
  time: 'ts',
  signature: 'h1',
  joint: ':',
  toleranceMs: TOLERANCE_MS,
});

/** `notification_id` is of one destination; the event's id is the same in all of them. */
function identify(request: ReceivedRequest): Identified {
  const read = readJsonObject(request.body);
  if (read.kind === 'malformed') return read;
  const event = read.value;
  return {
    kind: 'event',
    identity: {
      type: typeKey(valueAt(event, 'event_type')),
      dedupKey: idKey(valueAt(event, 'event_id')),
      orderingKey: idKey(valueAt(event, 'data', 'id')),
      occurredAt: isoMs(valueAt(event, 'occurred_at')),
      priority: 'normal',
    },
  };
}

function sample(options: SampleOptions): SampleRequest {
  const { secret, now, body = sampleBody(options) } = options;
  const seconds = String(Math.floor(now / 1000));
  return {
    headers: [
      ['Content-Type', 'application/json'],
      [PROOF_HEADER, prove(secret, seconds, body)],
      ['User-Agent', 'Paddle'],
    ],
    body,
  };
}

const SAMPLE_ID_CHARS = 26;
/** Several, so that order per key can be watched. */
const SAMPLE_SUBSCRIPTIONS = 5;

function sampleBody({ sequence, now }: SampleOptions): Uint8Array {
  const id = hash('sha256', `${now}/${sequence}`, 'hex').slice(0, SAMPLE_ID_CHARS);
  return Buffer.from(
    JSON.stringify({
      data: {
        id: `sub_sample${sequence % SAMPLE_SUBSCRIPTIONS}`,
        status: 'active',
        currency_code: 'EUR',
        custom_data: { note: 'Sample 👋' },
      },
      event_id: `evt_${id}`,
      event_type: 'subscription.updated',
      occurred_at: new Date(now).toISOString(),
      notification_id: `ntf_${id}`,
    }),
  );
}

/** That of a notification destination. */
function checkSecret(secret: string): true | string {
  if (/^pdl_(?:live_|sdbx_)?apikey_/.test(secret))
    return 'must be the secret key of the notification destination ("pdl_ntfset_…"), not an API key';
  return checkTextSecret(secret);
}

/** Events of an account, proven by an HMAC-SHA256 over time and raw body. */
export const paddle: Provider = {
  name: 'paddle',
  contentTypes: ['application/json'],
  bearerHeaders: [],
  proofHeaders: [PROOF_HEADER],
  signsUrl: false,
  // What is refused comes again, 60 times in three days.
  overLimit: 'reject',
  rules: { waitsMs: 5_000, disables: false, sendsAgain: true },
  toleranceMs: TOLERANCE_MS,
  verify,
  identify,
  answer: received,
  sample,
  checkSecret,
};
