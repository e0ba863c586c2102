import { createHmac, hash } from 'node:crypto';

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
import { epochMs, idText, readJsonObject, valueAt } from './json-body.ts';
import {
  checkTextSecret,
  judge,
  judgeTime,
  readClaim,
  readProof,
  SECONDS_FORM,
  sameText,
  textKey,
} from './signature.ts';
import { isSmallWith } from './small-body.ts';

const PROOF_HEADER = 'x-zm-signature';
const TIME_HEADER = 'x-zm-request-timestamp';
const SIGNATURE_RULES = { header: PROOF_HEADER, form: /^v0=[0-9a-f]{64}$/ };
const TIME_RULES = { header: TIME_HEADER, form: SECONDS_FORM };

/** Five minutes. The SDK looks at no time. */
const TOLERANCE_MS = 300_000;

/** The raw bytes: the SDK signs what it has parsed and written again, which are the same for what Zoom sends only most of the time. */
function verify(
  request: ReceivedRequest,
  secrets: Secrets,
  now: number,
  toleranceMs: number = TOLERANCE_MS,
): Verdict {
  const claim = readClaim(request, secrets, SIGNATURE_RULES);
  if (claim.kind === 'refused') return claim.verdict;
  const time = readProof(request, TIME_RULES);
  if (time.kind === 'refused') return time.verdict;
  const seconds = time.value;
  const verdict = judge(claim.live, secret => sameText(claim.value, sign(secret, seconds, request.body)));
  return judgeTime(verdict, seconds, { now, toleranceMs });
}

function sign(secret: string, seconds: string, body: Uint8Array): string {
  return `v0=${createHmac('sha256', textKey(secret)).update(`v0:${seconds}:`).update(body).digest('hex')}`;
}

function identify({ body }: ReceivedRequest): Identified {
  const read = readJsonObject(body);
  if (read.kind === 'malformed') return read;
  const event = read.value;
  const type = valueAt(event, 'event');
  const entity = idText(valueAt(event, 'payload', 'object', 'id'));
  const occurredAt = epochMs(valueAt(event, 'event_ts'), 1);
  return {
    kind: 'event',
    identity: {
      type: typeof type === 'string' && type !== '' ? safeKey(type) : 'unknown',
      dedupKey: occurredAt === null ? null : dedupKey(occurredAt, body),
      orderingKey: entity === null ? null : safeKey(entity),
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
  return safeKey(String(occurredAt), hash('sha256', body, 'hex').slice(0, BODY_HASH_CHARS));
}

/** 128 bits: no two bodies meet by accident, and the index stays small. */
const BODY_HASH_CHARS = 32;

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
  const encryptedToken = createHmac('sha256', textKey(secret)).update(plainToken).digest('hex');
  return json({ plainToken, encryptedToken });
}

function answer(): Answer {
  return json({ status: 'received' });
}

function json(value: unknown): Answer {
  return { status: 200, contentType: 'application/json', body: JSON.stringify(value) };
}

function sample(options: SampleOptions): SampleRequest {
  const { secret, now, body = sampleBody(options) } = options;
  const seconds = String(Math.floor(now / 1000));
  return {
    headers: [
      ['Content-Type', 'application/json; charset=utf-8'],
      [PROOF_HEADER, sign(secret, seconds, body)],
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
  rules: { waitsMs: 3_000, disables: false, sendsAgain: true },
  toleranceMs: TOLERANCE_MS,
  verify,
  identify,
  challenge,
  answer,
  sample,
  checkSecret: checkTextSecret,
};
