import type { HeaderPairs } from '../envelope.ts';
import { shapedHeader } from '../headers.ts';
import type {
  Identified,
  Provider,
  ReceivedRequest,
  SampleOptions,
  SampleRequest,
  Secrets,
  Verdict,
} from '../provider.ts';
import { safeKey } from '../safe-key.ts';
import { bodyHash, idKey } from './event/identity-keys.ts';
import { idText, isoMs, readJsonObject, valueAt } from './body/json-body.ts';
import { received } from './event/received.ts';
import { sampleGuid } from './event/sample-guid.ts';
import { checkTextSecret, hmacHex, readClaim, refuse, sameText, verdictOf } from './proof/signature.ts';

const PROOF_HEADER = 'Linear-Signature';
const SIGNATURE_RULES = { header: PROOF_HEADER.toLowerCase(), form: /^[0-9a-f]{64}$/ };

/** Of the body, in milliseconds. The header `Linear-Timestamp` is not signed. */
const TIME_FIELD = 'webhookTimestamp';
/** As in the SDK. */
const TOLERANCE_MS = 60_000;

/** A GUID. It is not signed. */
const DELIVERY_FORM = /^[0-9A-Za-z-]{1,100}$/;

function verify(
  request: ReceivedRequest,
  secrets: Secrets,
  now: number,
  toleranceMs: number = TOLERANCE_MS,
): Verdict {
  const claim = readClaim(request, secrets, SIGNATURE_RULES);
  if (claim.kind === 'refused') return claim.verdict;
  const verdict = verdictOf(claim.live, secret => sameText(claim.value, sign(secret, request.body)));
  if (!verdict.verified || isTimely(request.body, now, toleranceMs)) return verdict;
  return refuse('timestamp_out_of_tolerance');
}

function sign(secret: string, body: Uint8Array): string {
  return hmacHex(secret, [body]);
}

/** Also of a body that is no event: it is proven, and refused as malformed. One without a time is as old as can be. */
function isTimely(body: Uint8Array, now: number, toleranceMs: number): boolean {
  const read = readJsonObject(body);
  if (read.kind === 'malformed') return true;
  const at = valueAt(read.value, TIME_FIELD);
  return typeof at === 'number' && Math.abs(now - at) <= toleranceMs;
}

function identify({ headers, body }: ReceivedRequest): Identified {
  const read = readJsonObject(body);
  if (read.kind === 'malformed') return read;
  const payload = read.value;
  const entity = idText(valueAt(payload, 'data', 'id')) ?? idText(valueAt(payload, 'agentSession', 'id'));
  return {
    kind: 'event',
    identity: {
      type: typeOf(valueAt(payload, 'type'), valueAt(payload, 'action')),
      dedupKey: dedupKey(headers, body),
      orderingKey: idKey(entity),
      occurredAt: isoMs(valueAt(payload, 'createdAt')),
      priority: 'normal',
    },
  };
}

/** `Issue.create` */
function typeOf(type: unknown, action: unknown): string {
  if (typeof type !== 'string' || type === '') return 'unknown';
  return safeKey(typeof action === 'string' && action !== '' ? `${type}.${action}` : type);
}

/**
 * The delivery's id and the hash of what is the same for each try of it: all of the body but its time. The id is not signed, so
 * that alone it could make a new event a repeat.
 */
function dedupKey(headers: HeaderPairs, body: Uint8Array): string | null {
  const delivery = shapedHeader(headers, 'linear-delivery', DELIVERY_FORM);
  if (delivery === null) return null;
  const content = Buffer.from(body).toString('latin1').replace(TIME_MEMBER, '');
  return safeKey(delivery, bodyHash(Buffer.from(content, 'latin1')));
}

/** Never within a text, where each quote has a backslash before it. */
const TIME_MEMBER = /"webhookTimestamp":\d{1,16}/g;
/** The time is in the body, so that a given one has its own. */
function sample(options: SampleOptions): SampleRequest {
  const { secret, sequence, now, body = sampleBody(options) } = options;
  return {
    headers: [
      ['Content-Type', 'application/json; charset=utf-8'],
      [PROOF_HEADER, sign(secret, body)],
      ['Linear-Delivery', sampleGuid(`${now}/${sequence}`)],
      ['Linear-Event', 'Issue'],
      ['User-Agent', 'Linear-Webhook'],
    ],
    body,
  };
}

/** Several, so that order per key can be watched. */
const SAMPLE_ISSUES = 5;

function sampleBody({ sequence, now }: SampleOptions): Uint8Array {
  const at = new Date(now).toISOString();
  const number = sequence % SAMPLE_ISSUES;
  return Buffer.from(
    JSON.stringify({
      action: 'update',
      actor: { id: sampleGuid('ada'), type: 'user', name: 'Ada' },
      createdAt: at,
      data: { id: sampleGuid(`issue/${number}`), number, title: 'Sample 👋', updatedAt: at },
      type: 'Issue',
      organizationId: sampleGuid('organization'),
      [TIME_FIELD]: now,
      webhookId: sampleGuid('webhook'),
    }),
  );
}

/** That of a webhook. */
function checkSecret(secret: string): true | string {
  if (/^lin_(?:api|oauth)_/.test(secret)) return 'must be the signing secret of the webhook, not an API key';
  return checkTextSecret(secret);
}

/** Webhooks of workspaces and apps, proven by an HMAC-SHA256 over the raw body, in which the time is. */
export const linear: Provider = {
  name: 'linear',
  contentTypes: ['application/json'],
  bearerHeaders: [],
  proofHeaders: [PROOF_HEADER],
  signsUrl: false,
  // What is refused comes again three times, and then the webhook may be disabled.
  overLimit: 'defer',
  // linear.app/developers/webhooks: a person has to enable it then.
  rules: { waitsMs: 5_000, disables: true, sendsAgain: true },
  toleranceMs: TOLERANCE_MS,
  verify,
  identify,
  answer: received,
  sample,
  checkSecret,
};
