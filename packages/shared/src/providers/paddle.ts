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
import { idText, isoMs, readJsonObject, valueAt } from './json-body.ts';
import {
  checkTextSecret,
  judge,
  judgeTime,
  readClaim,
  refuse,
  SECONDS_FORM,
  sameText,
  textKey,
} from './signature.ts';

const PROOF_HEADER = 'Paddle-Signature';
const SIGNATURE_HEADER = PROOF_HEADER.toLowerCase();

/** Names and values, with a semicolon between two pairs; what each has to be is asked of it alone. */
const HEADER_FORM = /^[a-z0-9]{1,9}=[0-9a-zA-Z]{1,100}(?:;[a-z0-9]{1,9}=[0-9a-zA-Z]{1,100}){0,19}$/;
const H1_FORM = /^[0-9a-f]{64}$/;

/** As in the SDK, which takes any time of the future. Paddle waits no longer for an answer. */
const TOLERANCE_MS = 5_000;

interface SignedHeader {
  readonly seconds: string;
  /** Hexadecimal. Two while a secret is rotated. */
  readonly signatures: readonly string[];
}

function verify(
  request: ReceivedRequest,
  secrets: Secrets,
  now: number,
  toleranceMs: number = TOLERANCE_MS,
): Verdict {
  const claim = readClaim(request, secrets, { header: SIGNATURE_HEADER, form: HEADER_FORM });
  if (claim.kind === 'refused') return claim.verdict;
  const header = readHeader(claim.value);
  if (header === null) return refuse('malformed_signature');
  const verdict = judge(claim.live, secret => {
    const own = sign(secret, header.seconds, request.body);
    return header.signatures.some(signature => sameText(signature, own));
  });
  return judgeTime(verdict, header.seconds, { now, toleranceMs });
}

/** null: no time or two of them, or no `h1`. */
function readHeader(value: string): SignedHeader | null {
  const pairs = value.split(';').map(pair => pair.split('='));
  const valuesOf = (name: string) => pairs.flatMap(([own, text = '']) => (own === name ? [text] : []));
  const [seconds = '', second] = valuesOf('ts');
  const signatures = valuesOf('h1').filter(signature => H1_FORM.test(signature));
  if (second !== undefined || !SECONDS_FORM.test(seconds) || signatures.length === 0) return null;
  return { seconds, signatures };
}

function sign(secret: string, seconds: string, body: Uint8Array): string {
  return createHmac('sha256', textKey(secret)).update(`${seconds}:`).update(body).digest('hex');
}

/** `notification_id` is of one destination; the event's id is the same in all of them. */
function identify(request: ReceivedRequest): Identified {
  const read = readJsonObject(request.body);
  if (read.kind === 'malformed') return read;
  const event = read.value;
  const type = valueAt(event, 'event_type');
  const id = idText(valueAt(event, 'event_id'));
  const entity = idText(valueAt(event, 'data', 'id'));
  return {
    kind: 'event',
    identity: {
      type: typeof type === 'string' && type !== '' ? safeKey(type) : 'unknown',
      dedupKey: id === null ? null : safeKey(id),
      orderingKey: entity === null ? null : safeKey(entity),
      occurredAt: isoMs(valueAt(event, 'occurred_at')),
      priority: 'normal',
    },
  };
}

function answer(): Answer {
  return { status: 200, contentType: 'application/json', body: '{"status":"received"}' };
}

function sample(options: SampleOptions): SampleRequest {
  const { secret, now, body = sampleBody(options) } = options;
  const seconds = String(Math.floor(now / 1000));
  return {
    headers: [
      ['Content-Type', 'application/json'],
      [PROOF_HEADER, `ts=${seconds};h1=${sign(secret, seconds, body)}`],
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
  answer,
  sample,
  checkSecret,
};
