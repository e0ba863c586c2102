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
import { epochMs, idText, isoMs, readJsonObject, valueAt } from './json-body.ts';
import { judge, judgeTime, readClaim, refuse, SECONDS_FORM, sameText, textKey } from './signature.ts';

const PROOF_HEADER = 'Stripe-Signature';
const SIGNATURE_HEADER = PROOF_HEADER.toLowerCase();

/** Names and values, with a comma between two pairs; what each has to be is asked of it alone. */
const HEADER_FORM = /^[a-z0-9]{1,9}=[0-9a-zA-Z]{1,100}(?:,[a-z0-9]{1,9}=[0-9a-zA-Z]{1,100}){0,99}$/;
const V1_FORM = /^[0-9a-f]{64}$/;

/** Five minutes, as in the SDK, which takes any time of the future; one from further away is a wrong clock, or was made up. */
const TOLERANCE_MS = 300_000;

interface SignedHeader {
  readonly seconds: string;
  /** Hexadecimal. Two while a secret is rolled. */
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

/** null: no time or two of them, or no `v1`. Other schemes (`v0` is that of test events) prove nothing. */
function readHeader(value: string): SignedHeader | null {
  const pairs = value.split(',').map(pair => pair.split('='));
  const valuesOf = (name: string) => pairs.flatMap(([own, text = '']) => (own === name ? [text] : []));
  const [seconds = '', second] = valuesOf('t');
  const signatures = valuesOf('v1').filter(signature => V1_FORM.test(signature));
  if (second !== undefined || !SECONDS_FORM.test(seconds) || signatures.length === 0) return null;
  return { seconds, signatures };
}

/** The secret is used as the text that it is, `whsec_` included. */
function sign(secret: string, seconds: string, body: Uint8Array): string {
  return createHmac('sha256', textKey(secret)).update(`${seconds}.`).update(body).digest('hex');
}

/** A snapshot event has its object in it; a thin one (`v2.core.event`) names it. */
function identify(request: ReceivedRequest): Identified {
  const read = readJsonObject(request.body);
  if (read.kind === 'malformed') return read;
  const event = read.value;
  const type = valueAt(event, 'type');
  const id = idText(valueAt(event, 'id'));
  const object =
    idText(valueAt(event, 'data', 'object', 'id')) ?? idText(valueAt(event, 'related_object', 'id'));
  const created = valueAt(event, 'created');
  return {
    kind: 'event',
    identity: {
      type: typeof type === 'string' && type !== '' ? safeKey(type) : 'unknown',
      dedupKey: id === null ? null : safeKey(id),
      orderingKey: object === null ? null : safeKey(object),
      occurredAt: epochMs(created, 1000) ?? isoMs(created),
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
      ['Content-Type', 'application/json; charset=utf-8'],
      [PROOF_HEADER, `t=${seconds},v1=${sign(secret, seconds, body)}`],
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
  answer,
  sample,
  checkSecret,
};
