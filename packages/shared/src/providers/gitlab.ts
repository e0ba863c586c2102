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
import { bodyHash } from './event/identity-keys.ts';
import { idText, isoMs, type JsonObject, readJsonObject, valueAt } from './body/json-body.ts';
import { received } from './event/received.ts';
import { sampleGuid } from './event/sample-guid.ts';
import { verifyText } from './proof/signature.ts';
import { checkStandardSecret, signStandard, STANDARD_ID_FORM, verifyStandard } from './standard/signature.ts';
import { WEBHOOK_NAMES } from './standard-webhooks.ts';

const TOKEN_HEADER = 'X-Gitlab-Token';
/** What goes through a header unchanged. */
const TOKEN_FORM = /^[!-~](?:[ -~]{0,510}[!-~])?$/;
const TOKEN_RULES = { header: TOKEN_HEADER.toLowerCase(), form: TOKEN_FORM };

/** A signing token signs; a secret of any other form is a secret token, and is sent as it is. */
const SIGNING_PREFIX = 'whsec_';
/** Of the signed time, as Standard Webhooks has it. */
const TOLERANCE_MS = 300_000;

/** A payload that would be over 25 MB is not sent. */
const MAX_BODY_BYTES = 26_214_400;

/**
 * A webhook may have a token of each kind at once. Each secret is held against the proof of its own kind alone: a signing token
 * that stands in the header proves nothing. A signature that holds is what counts, so that one can see when all are signed.
 */
function verify(
  request: ReceivedRequest,
  secrets: Secrets,
  now: number,
  toleranceMs: number = TOLERANCE_MS,
): Verdict {
  const isSigning = (secret: string) => secret.startsWith(SIGNING_PREFIX);
  // The other kind is left empty: that is no secret, and each keeps its index.
  const signingTokens = secrets.map(secret => (isSigning(secret) ? secret : ''));
  const signed = verifyStandard(request, signingTokens, { names: WEBHOOK_NAMES, now, toleranceMs });
  if (signed.verified) return signed;
  const shown = verifyToken(
    request,
    secrets.map(secret => (isSigning(secret) ? '' : secret)),
  );
  if (shown.verified) return shown;
  const isSilent = signed.reason === 'no_secret' || signed.reason === 'missing_signature';
  return isSilent && shown.reason !== 'no_secret' ? shown : signed;
}

const verifyToken = verifyText(TOKEN_RULES, token => token);

/** Out of the body alone: the headers that say it too (`X-Gitlab-Event`) are not signed. */
function identify({ headers, body }: ReceivedRequest): Identified {
  const read = readJsonObject(body);
  if (read.kind === 'malformed') return read;
  const payload = read.value;
  return {
    kind: 'event',
    identity: {
      type: typeOf(payload),
      dedupKey: dedupKey(headers, body),
      orderingKey: orderingKey(payload),
      occurredAt: occurredAt(payload),
      priority: 'normal',
    },
  };
}

/** `merge_request.open`; `push`, which has no action; `project_create` of a system hook. */
function typeOf(payload: JsonObject): string {
  const kind = textAt(payload, 'object_kind') ?? textAt(payload, 'event_name');
  const action = textAt(payload, 'object_attributes', 'action') ?? textAt(payload, 'action');
  if (kind === null) return 'unknown';
  return safeKey(action === null ? kind : `${kind}.${action}`);
}

function textAt(payload: JsonObject, ...path: readonly string[]): string | null {
  const value = valueAt(payload, ...path);
  return typeof value === 'string' && value !== '' ? value : null;
}

/**
 * The id and the body's hash. It is the same when a webhook is sent again; only a signing token signs it, so that alone it could
 * make a new event a repeat.
 */
function dedupKey(headers: HeaderPairs, body: Uint8Array): string | null {
  const id =
    shapedHeader(headers, WEBHOOK_NAMES.id, STANDARD_ID_FORM) ??
    shapedHeader(headers, 'idempotency-key', STANDARD_ID_FORM);
  return id === null ? null : safeKey(id, bodyHash(body));
}

const PROJECT_PATHS: readonly (readonly string[])[] = [
  ['project', 'id'],
  ['project_id'],
  ['object_attributes', 'project_id'],
];
/** Of what belongs to no project. Their ids are rows of their own. */
const OWNER_PATHS: readonly (readonly [owner: string, ...path: string[]])[] = [
  ['group', 'group_id'],
  ['group', 'group', 'group_id'],
  ['user', 'user_id'],
];

function orderingKey(payload: JsonObject): string | null {
  for (const path of PROJECT_PATHS) {
    const id = idText(valueAt(payload, ...path));
    if (id !== null) return safeKey(id);
  }
  for (const [owner, ...path] of OWNER_PATHS) {
    const id = idText(valueAt(payload, ...path));
    if (id !== null) return safeKey(owner, id);
  }
  return null;
}

/** Of the thing that the event is about, first its last change. A push has none. */
const TIME_PATHS: readonly (readonly string[])[] = [
  ['object_attributes', 'updated_at'],
  ['object_attributes', 'created_at'],
  ['updated_at'],
  ['created_at'],
];

function occurredAt(payload: JsonObject): number | null {
  for (const path of TIME_PATHS) {
    const value = valueAt(payload, ...path);
    const ms = isoMs(typeof value === 'string' ? value.replace(RUBY_TIME, '$1T$2Z') : value);
    if (ms !== null) return ms;
  }
  return null;
}

/** `2026-11-22 11:59:58 UTC`, as some payloads have it. */
const RUBY_TIME = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC$/;

function sample(options: SampleOptions): SampleRequest {
  const { secret, sequence, now, body = sampleBody(options) } = options;
  const id = sampleGuid(`${now}/${sequence}`);
  return {
    headers: [
      ['Content-Type', 'application/json'],
      ...proofOf(secret, { id, seconds: String(Math.floor(now / 1000)), body }),
      ['Idempotency-Key', id],
      ['X-Gitlab-Event', 'Issue Hook'],
      ['X-Gitlab-Instance', 'https://gitlab.example.com'],
      ['User-Agent', 'GitLab/sample'],
    ],
    body,
  };
}

/** Several, so that order per key can be watched. */
const SAMPLE_PROJECTS = 5;

function sampleBody({ sequence, now }: SampleOptions): Uint8Array {
  const at = new Date(now).toISOString();
  const number = sequence % SAMPLE_PROJECTS;
  return Buffer.from(
    JSON.stringify({
      object_kind: 'issue',
      event_type: 'issue',
      user: { id: 1, name: 'Ada', username: 'ada' },
      project: {
        id: 4_000 + number,
        name: `sample-${number}`,
        path_with_namespace: `ackline/sample-${number}`,
      },
      object_attributes: {
        id: 2_000_000 + sequence,
        iid: sequence + 1,
        title: 'Sample 👋',
        created_at: at,
        updated_at: at,
        action: 'open',
      },
    }),
  );
}

function proofOf(
  secret: string,
  content: { id: string; seconds: string; body: Uint8Array },
): [name: string, value: string][] {
  if (!secret.startsWith(SIGNING_PREFIX)) return [[TOKEN_HEADER, secret]];
  return [
    [WEBHOOK_NAMES.signature, signStandard(secret, content)],
    [WEBHOOK_NAMES.id, content.id],
    [WEBHOOK_NAMES.timestamp, content.seconds],
  ];
}

function checkSecret(secret: string): true | string {
  if (secret.startsWith(SIGNING_PREFIX)) return checkStandardSecret(secret);
  return (
    TOKEN_FORM.test(secret) || 'must be 1 to 512 characters of visible ASCII, or a signing token (whsec_…)'
  );
}

/** Webhooks of projects and groups, and system hooks, proven by a token as it is, or by an HMAC-SHA256 as Standard Webhooks has it. */
export const gitlab: Provider = {
  name: 'gitlab',
  contentTypes: ['application/json'],
  bearerHeaders: [TOKEN_RULES.header],
  proofHeaders: [TOKEN_HEADER],
  otherProofHeaders: [WEBHOOK_NAMES.signature, WEBHOOK_NAMES.id, WEBHOOK_NAMES.timestamp],
  signsUrl: false,
  // What is refused does not come again, and counts as a failure.
  overLimit: 'defer',
  // gitlab-org/gitlab!166329: from the fourth failure in a row on it pauses, from the fortieth on a person has to enable it.
  rules: { waitsMs: 10_000, disables: true, bears: 3, sendsAgain: false },
  toleranceMs: TOLERANCE_MS,
  maxBodyBytes: MAX_BODY_BYTES,
  verify,
  identify,
  answer: received,
  sample,
  checkSecret,
};
