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
import { bodyHash, idKey, typeKey } from './event/identity-keys.ts';
import { epochMs, readJsonObject, valueAt } from './body/json-body.ts';
import { received } from './event/received.ts';
import { checkTextSecret, hmacHex } from './proof/signature.ts';
import { isSmallWith } from './body/small-body.ts';
import { createV0Proof } from './proof/v0-proof.ts';

const PROOF_HEADER = 'x-zm-signature';
const TIME_HEADER = 'x-zm-request-timestamp';

/** Five minutes. The SDK looks at no time. */
const TOLERANCE_MS = 300_000;

/** The raw bytes: the SDK signs what it has parsed and written again, which are the same for what Zoom sends only most of the time. */
const { verify, prove } = createV0Proof({
  signature: PROOF_HEADER,
  time: TIME_HEADER,
  toleranceMs: TOLERANCE_MS,
});

function identify({ body }: ReceivedRequest): Identified {
  const read = readJsonObject(body);
  if (read.kind === 'malformed') return read;
  const event = read.value;
  const occurredAt = epochMs(valueAt(event, 'event_ts'), 1);
  return {
    kind: 'event',
    identity: {
      type: typeKey(valueAt(event, 'event')),
      dedupKey: occurredAt === null ? null : dedupKey(occurredAt, body),
      orderingKey: idKey(valueAt(event, 'payload', 'object', 'id')),
      occurredAt,
      priority: 'normal',
    },
  };
}

/**
 * The event's millisecond and the body's hash, both signed: Zoom gives an event no id, and `x-zm-trackingid`, which is not signed,
 * is of one delivery.
 */
function dedupKey(occurredAt: number, body: Uint8Array): string {
  return safeKey(String(occurredAt), bodyHash(body));
}

const QUESTION = 'endpoint.url_validation';
/** Base64, or what it is in URLs: never a text that a request is signed by (`v0:…`), of which anybody could ask the signature else. */
const PLAIN_TOKEN_FORM = /^[A-Za-z0-9+/=_-]{1,128}$/;

/** Asked when a URL is entered, and again every three days. */
function challenge({ body }: ReceivedRequest, secret: string): Answer | null {
  if (!isSmallWith(body, QUESTION)) return null;
  const read = readJsonObject(body);
  if (read.kind === 'malformed' || valueAt(read.value, 'event') !== QUESTION) return null;
  const plainToken = valueAt(read.value, 'payload', 'plainToken');
  if (typeof plainToken !== 'string' || !PLAIN_TOKEN_FORM.test(plainToken)) return null;
  const encryptedToken = hmacHex(secret, [plainToken]);
  const shown = JSON.stringify({ plainToken, encryptedToken });
  return { status: 200, contentType: 'application/json', body: shown };
}

function sample(options: SampleOptions): SampleRequest {
  const { secret, now, body = sampleBody(options) } = options;
  const seconds = String(Math.floor(now / 1000));
  return {
    headers: [
      ['Content-Type', 'application/json; charset=utf-8'],
      [PROOF_HEADER, prove(secret, seconds, body)],
      [TIME_HEADER, seconds],
      ['User-Agent', 'Zoom Marketplace/1.0a (sample)'],
    ],
    body,
  };
}

const SAMPLE_UUID_CHARS = 22;
/** Several, so that order per key can be watched. */
const SAMPLE_MEETINGS = 5;

function sampleBody({ sequence, now }: SampleOptions): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      event: 'meeting.started',
      payload: {
        account_id: 'sample-account',
        object: {
          id: String(89_000_000_000 + (sequence % SAMPLE_MEETINGS)),
          uuid: hash('sha256', `${now}/${sequence}`, 'base64').slice(0, SAMPLE_UUID_CHARS),
          topic: 'Sample 👋',
          type: 2,
          start_time: new Date(now).toISOString(),
        },
      },
      event_ts: now,
    }),
  );
}

/** Events of an app, proven by an HMAC-SHA256 over time and raw body. */
export const zoom: Provider = {
  name: 'zoom',
  contentTypes: ['application/json'],
  bearerHeaders: [],
  proofHeaders: [PROOF_HEADER, TIME_HEADER],
  signsUrl: false,
  // What is refused comes again three times, and then no more.
  overLimit: 'defer',
  // Each after the one before: 5, 20 and 60 minutes (developers.zoom.us, Resolving webhook delays).
  rules: { waitsMs: 3_000, disables: false, sendsAgain: true },
  toleranceMs: TOLERANCE_MS,
  verify,
  identify,
  challenge,
  answer: received,
  sample,
  checkSecret: checkTextSecret,
};
