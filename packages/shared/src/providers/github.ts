import { mediaType, shapedHeader } from '../headers.ts';
import type { Identified, Provider, ReceivedRequest, SampleOptions, SampleRequest } from '../provider.ts';
import { safeKey } from '../safe-key.ts';
import { onlyValue, readForm } from './body/form-body.ts';
import { bodyHash } from './event/identity-keys.ts';
import { epochMs, idText, isoMs, type JsonObject, readJsonObject, valueAt } from './body/json-body.ts';
import { received } from './event/received.ts';
import { sampleGuid } from './event/sample-guid.ts';
import { checkTextSecret, hmacHex, verifyText } from './proof/signature.ts';

const FORM_TYPE = 'application/x-www-form-urlencoded';

/** Not `x-hub-signature`, which is SHA-1 and is sent beside it. */
const PROOF_HEADER = 'X-Hub-Signature-256';
const SIGNATURE_RULES = { header: PROOF_HEADER.toLowerCase(), form: /^sha256=[0-9a-f]{64}$/ };

/** A payload that would be over 25 MB is not sent. */
const MAX_BODY_BYTES = 26_214_400;

const EVENT_FORM = /^[a-z][a-z0-9_]{0,63}$/;
/** A GUID. It is not signed. */
const DELIVERY_FORM = /^[0-9A-Za-z-]{1,100}$/;

const verify = verifyText(SIGNATURE_RULES, (secret, { body }) => sign(secret, body));

/** A form is signed as the bytes that it is, too. */
function sign(secret: string, body: Uint8Array): string {
  return `sha256=${hmacHex(secret, [body])}`;
}

function identify(request: ReceivedRequest): Identified {
  const json = jsonOf(request);
  if (json === null) return { kind: 'malformed', detail: 'the form has not one payload' };
  const read = readJsonObject(json);
  if (read.kind === 'malformed') return read;
  const payload = read.value;
  const event = shapedHeader(request.headers, 'x-github-event', EVENT_FORM);
  return {
    kind: 'event',
    identity: {
      type: typeOf(event, valueAt(payload, 'action')),
      dedupKey: dedupKey(request),
      orderingKey: orderingKey(payload),
      occurredAt: event === null ? null : occurredAt(payload, event),
      priority: 'normal',
    },
  };
}

/** null: a form that can not be decoded, or whose `payload` is not there once. */
function jsonOf({ headers, body }: ReceivedRequest): Uint8Array | null {
  if (mediaType(headers) !== FORM_TYPE) return body;
  const form = readForm(body);
  const payload = form === null ? null : onlyValue(form, 'payload');
  return payload === null ? null : Buffer.from(payload);
}

/** `issues.opened`; `push`, which has no action; `ping`, which is sent when the webhook is made. */
function typeOf(event: string | null, action: unknown): string {
  if (event === null) return 'unknown';
  return typeof action === 'string' && action !== '' ? safeKey(`${event}.${action}`) : event;
}

/**
 * The delivery's id and the body's hash: the id is the same when a delivery is sent again, and is not signed, so that alone it
 * could make a new event a repeat.
 */
function dedupKey({ headers, body }: ReceivedRequest): string | null {
  const delivery = shapedHeader(headers, 'x-github-delivery', DELIVERY_FORM);
  return delivery === null ? null : safeKey(delivery, bodyHash(body));
}

/** The repository; of what belongs to none its organization, enterprise, account or installation. Their ids are rows of their own. */
const OWNERS = ['organization', 'enterprise', 'installation', 'sender'] as const;

function orderingKey(payload: JsonObject): string | null {
  const repository = idText(valueAt(payload, 'repository', 'id'));
  if (repository !== null) return safeKey(repository);
  for (const owner of OWNERS) {
    const id = idText(valueAt(payload, owner, 'id'));
    if (id !== null) return safeKey(owner, id);
  }
  return null;
}

/** Where the thing that an event is about has another name than the event. */
const SUBJECTS: ReadonlyMap<string, string> = new Map([
  ['issues', 'issue'],
  ['issue_comment', 'comment'],
  ['commit_comment', 'comment'],
  ['discussion_comment', 'comment'],
  ['pull_request_review', 'review'],
  ['pull_request_review_comment', 'comment'],
]);

const TIMES = [
  'updated_at',
  'submitted_at',
  'completed_at',
  'started_at',
  'published_at',
  'created_at',
] as const;

/** When the event's subject was changed last. A push has the second at which it came. */
function occurredAt(payload: JsonObject, event: string): number | null {
  if (event === 'push') return epochMs(valueAt(payload, 'repository', 'pushed_at'), 1000);
  const subject = valueAt(payload, SUBJECTS.get(event) ?? event);
  for (const name of TIMES) {
    const ms = isoMs(valueAt(subject, name));
    if (ms !== null) return ms;
  }
  return null;
}

function sample(options: SampleOptions): SampleRequest {
  const { secret, sequence, now, body = sampleBody(options) } = options;
  return {
    headers: [
      ['Content-Type', 'application/json'],
      [PROOF_HEADER, sign(secret, body)],
      ['X-GitHub-Event', 'issues'],
      ['X-GitHub-Delivery', sampleGuid(`${now}/${sequence}`)],
      ['User-Agent', 'GitHub-Hookshot/sample'],
    ],
    body,
  };
}

/** Several, so that order per key can be watched. */
const SAMPLE_REPOSITORIES = 5;

function sampleBody({ sequence, now }: SampleOptions): Uint8Array {
  const number = sequence % SAMPLE_REPOSITORIES;
  const at = new Date(now).toISOString();
  return Buffer.from(
    JSON.stringify({
      action: 'opened',
      issue: {
        id: 2_000_000_000 + sequence,
        number: sequence + 1,
        title: 'Sample 👋',
        created_at: at,
        updated_at: at,
      },
      repository: { id: 1_296_269 + number, name: `sample-${number}`, full_name: `ackline/sample-${number}` },
      sender: { login: 'ada', id: 1 },
    }),
  );
}

/** Webhooks of repositories, organizations and apps, proven by an HMAC-SHA256 over the raw body. */
export const github: Provider = {
  name: 'github',
  contentTypes: ['application/json', FORM_TYPE],
  bearerHeaders: [],
  proofHeaders: [PROOF_HEADER],
  signsUrl: false,
  // What is refused does not come again.
  overLimit: 'defer',
  rules: { waitsMs: 10_000, disables: false, sendsAgain: false },
  toleranceMs: null,
  maxBodyBytes: MAX_BODY_BYTES,
  verify,
  identify,
  answer: received,
  sample,
  checkSecret: checkTextSecret,
};
