import { sign as signOnce, verify as verifyOnce } from 'node:crypto';

import { createKeyCache } from '../key-cache.ts';
import type {
  Answer,
  Identified,
  Identity,
  KeyPair,
  Provider,
  ReceivedRequest,
  SampleOptions,
  SampleRequest,
  Secrets,
  Verdict,
} from '../provider.ts';
import { safeKey } from '../safe-key.ts';
import { bodyHash, idKey, typeKey } from './event/identity-keys.ts';
import { idText, isObject, isoMs, type JsonObject, readJsonObject, valueAt } from './body/json-body.ts';
import { ed25519PublicBytes, ed25519PublicKey, ed25519SigningKey, makeEd25519 } from './proof/key-pairs.ts';
import { readClaim, readProofHeader, SECONDS_FORM, verdictAt, verdictOf } from './proof/signature.ts';
import { isSmallWith } from './body/small-body.ts';

const PROOF_HEADER = 'X-Signature-Ed25519';
const TIME_HEADER = 'X-Signature-Timestamp';
const SIGNATURE_RULES = { header: PROOF_HEADER.toLowerCase(), form: /^[0-9a-f]{128}$/ };
const TIME_RULES = { header: TIME_HEADER.toLowerCase(), form: SECONDS_FORM };

/** The SDK has none. */
const TOLERANCE_MS = 300_000;

/** As the developer portal shows it. */
const PUBLIC_KEY_FORM = /^[0-9a-f]{64}$/i;
const SIGNING_PREFIX = 'seed_';
const SIGNING_KEY_FORM = /^seed_[0-9a-f]{64}$/;

const verifyingKey = createKeyCache(secret =>
  PUBLIC_KEY_FORM.test(secret) ? ed25519PublicKey(Buffer.from(secret, 'hex')) : null,
);
const signingKeyOf = createKeyCache(secret =>
  SIGNING_KEY_FORM.test(secret)
    ? ed25519SigningKey(Buffer.from(secret.slice(SIGNING_PREFIX.length), 'hex'))
    : null,
);

/**
 * The time and the body are signed without anything between them. What moves from one to the other leaves a body that begins with
 * digits, which is no JSON object, or an object without its beginning.
 */
function verify(
  request: ReceivedRequest,
  secrets: Secrets,
  now: number,
  toleranceMs: number = TOLERANCE_MS,
): Verdict {
  const claim = readClaim(request, secrets, SIGNATURE_RULES);
  if (claim.kind === 'refused') return claim.verdict;
  const seconds = readProofHeader(request, TIME_RULES);
  if (seconds.kind === 'refused') return seconds.verdict;
  const signature = Buffer.from(claim.value, 'hex');
  const signed = Buffer.concat([Buffer.from(seconds.value), request.body]);
  const verdict = verdictOf(claim.live, secret => {
    const key = verifyingKey(secret);
    return key !== null && verifyOnce(null, signed, key, signature);
  });
  return verdictAt(verdict, seconds.value, { now, toleranceMs });
}

function identify({ body }: ReceivedRequest): Identified {
  const read = readJsonObject(body);
  if (read.kind === 'malformed') return read;
  const event = valueAt(read.value, 'event');
  return {
    kind: 'event',
    identity: isObject(event) ? eventIdentity(event, body) : interactionIdentity(read.value),
  };
}

const INTERACTIONS: ReadonlyMap<unknown, string> = new Map([
  [2, 'application_command'],
  [3, 'message_component'],
  [4, 'application_command_autocomplete'],
  [5, 'modal_submit'],
]);
const AUTOCOMPLETE = 4;

function interactionIdentity(interaction: JsonObject): Identity {
  const id = idText(valueAt(interaction, 'id'));
  const kind = INTERACTIONS.get(valueAt(interaction, 'type')) ?? 'unknown';
  const name = valueAt(interaction, 'data', 'name');
  return {
    type: typeof name === 'string' && name !== '' ? safeKey(`${kind}.${name}`) : kind,
    dedupKey: idKey(id),
    orderingKey: placeOf(interaction),
    occurredAt: id === null ? null : snowflakeMs(id),
    priority: 'normal',
  };
}

/**
 * A webhook event has no id. Its whole body is signed and holds its time to the microsecond: one with the same bytes is the same
 * event.
 */
function eventIdentity(event: JsonObject, body: Uint8Array): Identity {
  const occurredAt = eventMs(valueAt(event, 'timestamp'));
  return {
    type: typeKey(valueAt(event, 'type')),
    dedupKey: occurredAt === null ? null : safeKey('event', bodyHash(body)),
    orderingKey: placeOf(valueAt(event, 'data')),
    occurredAt,
    priority: 'normal',
  };
}

/** The largest first: of a lobby's events not all name the channel. No two things of Discord have one id. */
const PLACES: readonly (readonly [string, ...string[]])[] = [
  ['lobby_id'],
  ['channel_id'],
  ['user_id'],
  ['user', 'id'],
  ['member', 'user', 'id'],
];

function placeOf(content: unknown): string | null {
  for (const path of PLACES) {
    const id = idText(valueAt(content, ...path));
    if (id !== null) return safeKey(id);
  }
  return null;
}

/** Of an id of Discord the upper 42 bits are the milliseconds since the first second of 2015. */
const SNOWFLAKE_FORM = /^[1-9]\d{0,19}$/;
const SNOWFLAKE_TIME_SHIFT = 22n;
const SNOWFLAKE_EPOCH_MS = 1_420_070_400_000;

function snowflakeMs(id: string): number | null {
  if (!SNOWFLAKE_FORM.test(id)) return null;
  return Number(BigInt(id) >> SNOWFLAKE_TIME_SHIFT) + SNOWFLAKE_EPOCH_MS;
}

/** Of webhook events it comes without an offset, and is UTC. */
function eventMs(timestamp: unknown): number | null {
  return typeof timestamp === 'string' ? (isoMs(timestamp) ?? isoMs(`${timestamp}Z`)) : null;
}

/** Sent when a URL is entered, and from time to time: that of interactions has a type that webhook events have too. */
const INTERACTION_PING = 1;
const EVENT_PING = 0;

function challenge({ body }: ReceivedRequest): Answer | null {
  if (!isSmallWith(body, '"application_id"')) return null;
  const read = readJsonObject(body);
  if (read.kind === 'malformed' || isObject(valueAt(read.value, 'event'))) return null;
  switch (valueAt(read.value, 'type')) {
    case INTERACTION_PING:
      return { ...JSON_ANSWER, body: '{"type":1}' };
    case EVENT_PING:
      return EMPTY_ANSWER;
    default:
      return null;
  }
}

const JSON_ANSWER = { status: 200, contentType: 'application/json' } as const;
const EMPTY_ANSWER: Answer = { status: 204, contentType: null, body: '' };

/**
 * An interaction is deferred: whoever handles it has 15 minutes to send the real answer by its token. Suggestions can not be, so
 * there are none. A webhook event is answered without a body.
 */
function answer({ body }: ReceivedRequest): Answer {
  const read = readJsonObject(body);
  const payload = read.kind === 'json' ? read.value : {};
  if (isObject(valueAt(payload, 'event'))) return EMPTY_ANSWER;
  const isAutocomplete = valueAt(payload, 'type') === AUTOCOMPLETE;
  return { ...JSON_ANSWER, body: isAutocomplete ? '{"type":8,"data":{"choices":[]}}' : '{"type":5}' };
}

function sample(options: SampleOptions): SampleRequest {
  const { secret, now, body = sampleBody(options) } = options;
  const seconds = String(Math.floor(now / 1_000));
  const key = signingKeyOf(secret);
  const signed = Buffer.concat([Buffer.from(seconds), body]);
  return {
    headers: [
      ['Content-Type', 'application/json'],
      [PROOF_HEADER, key === null ? '' : signOnce(null, signed, key).toString('hex')],
      [TIME_HEADER, seconds],
      ['User-Agent', 'Discord-Interactions/1.0 (+https://discord.com)'],
    ],
    body,
  };
}

function sampleBody({ sequence, now }: SampleOptions): Uint8Array {
  const since = BigInt(Math.max(now - SNOWFLAKE_EPOCH_MS, 1));
  const user = { id: '80351110224678912', username: 'ada', global_name: 'Ada 👋' };
  return Buffer.from(
    JSON.stringify({
      app_permissions: '562949953601536',
      application_id: '845027738276462632',
      channel_id: `64545664718123${8_400 + (sequence % SAMPLE_CHANNELS)}`,
      data: { id: '771825006014889984', name: 'sample', type: 1 },
      guild_id: '290926798626357999',
      id: String((since << SNOWFLAKE_TIME_SHIFT) + BigInt(sequence % SAMPLES_PER_MS)),
      member: { user, roles: [], permissions: '2147483647' },
      token: 'a-token-for-15-minutes',
      type: 2,
      version: 1,
    }),
  );
}

/** Several, so that order per key can be watched. */
const SAMPLE_CHANNELS = 5;
/** What the lower bits of an id can count. */
const SAMPLES_PER_MS = 2 ** 22;

function makeKeys(): KeyPair {
  const { publicBytes, seed } = makeEd25519();
  return { secret: publicBytes.toString('hex'), signingKey: SIGNING_PREFIX + seed.toString('hex') };
}

function publicKeyOf(signingKey: string): string | null {
  const key = signingKeyOf(signingKey);
  return key === null ? null : ed25519PublicBytes(key).toString('hex');
}

/** That of the application. */
function checkSecret(secret: string): true | string {
  return (
    verifyingKey(secret) !== null ||
    'must be the public key of the application: 64 hexadecimal digits, not its token or client secret'
  );
}

/** Interactions and webhook events of an application, proven by an Ed25519 signature over the time and the raw body. */
export const discord: Provider = {
  name: 'discord',
  contentTypes: ['application/json'],
  bearerHeaders: [],
  proofHeaders: [PROOF_HEADER, TIME_HEADER],
  signsUrl: false,
  // An interaction that is refused does not come again.
  overLimit: 'defer',
  // Of webhook events (discord/discord-api-docs, webhook-events): ten minutes long, and too many failures end them.
  rules: { waitsMs: 3_000, disables: true, sendsAgain: true },
  toleranceMs: TOLERANCE_MS,
  verify,
  identify,
  challenge,
  answer,
  sample,
  makeKeys,
  publicKeyOf,
  checkSecret,
};
