import { createHmac, createSecretKey, sign as signOnce, verify as verifyOnce } from 'node:crypto';

import { createKeyCache } from '../../key-cache.ts';
import type { KeyPair, ReceivedRequest, Secrets, Verdict } from '../../provider.ts';
import { ed25519PublicBytes, ed25519PublicKey, ed25519SigningKey, makeEd25519 } from '../proof/key-pairs.ts';
import {
  type Clock,
  readClaim,
  readProofHeader,
  sameText,
  SECONDS_FORM,
  verdictAt,
  verdictOf,
} from '../proof/signature.ts';

/** Of the three headers that carry the proof, in lower case. */
export interface StandardNames {
  readonly id: string;
  readonly timestamp: string;
  readonly signature: string;
}

/**
 * Visible ASCII. A dot may be in it, as in the SDK: what moves across a dot leaves a body that begins with digits, and such a one
 * is no JSON object.
 */
export const STANDARD_ID_FORM = /^[!-~]{1,256}$/;

/** Base64 of the 32 bytes of an HMAC-SHA256, and of the 64 bytes of an Ed25519 signature. Other versions prove nothing. */
const V1_FORM = /^v1,[A-Za-z0-9+/]{43}=$/;
const V1A_FORM = /^v1a,[A-Za-z0-9+/]{86}==$/;
const HAS_ONE = /(?:^| )(?:v1,[A-Za-z0-9+/]{43}=|v1a,[A-Za-z0-9+/]{86}==)(?: |$)/;
/** There are two while a key is rotated. Each costs a hundred times what an HMAC costs, and a stranger's header can have two hundred. */
const MAX_V1A = 2;

/** As the SDKs have it, the prefix may be left out. */
const SECRET_FORM = /^(?:whsec_)?((?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/;
/** The specification has 24 to 64. Some senders have shorter ones; under 16 they can be guessed. */
const SECRET_MIN_BYTES = 16;
const SECRET_MAX_BYTES = 128;

const PUBLIC_PREFIX = 'whpk_';
const PUBLIC_FORM = /^whpk_([A-Za-z0-9+/]{43}=)$/;
/** The seed, and mostly the public key behind it. */
const SIGNING_PREFIX = 'whsk_';
const SIGNING_FORM = /^whsk_([A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{86}==)$/;
const SEED_BYTES = 32;

const standardKey = createKeyCache(secret => createSecretKey(base64Of(secret) ?? '', 'base64'));
const publicKeyOf = createKeyCache(secret => ed25519PublicKey(bytesOf(secret, PUBLIC_FORM)));
const signingKeyOf = createKeyCache(secret =>
  ed25519SigningKey(bytesOf(secret, SIGNING_FORM).subarray(0, SEED_BYTES)),
);

function base64Of(secret: string): string | null {
  return SECRET_FORM.exec(secret)?.[1] ?? null;
}

/** None where the text has not the form. */
function bytesOf(text: string, form: RegExp): Buffer {
  return Buffer.from(form.exec(text)?.[1] ?? '', 'base64');
}

/** Proves that the sender signed the id, the time and the raw body. Several signatures may stand in the header: one has to hold. */
export function verifyStandard(
  request: ReceivedRequest,
  secrets: Secrets,
  { names, ...clock }: Clock & { readonly names: StandardNames },
): Verdict {
  const claim = readClaim(request, secrets, { header: names.signature, form: HAS_ONE });
  if (claim.kind === 'refused') return claim.verdict;
  const id = readProofHeader(request, { header: names.id, form: STANDARD_ID_FORM });
  if (id.kind === 'refused') return id.verdict;
  const seconds = readProofHeader(request, { header: names.timestamp, form: SECONDS_FORM });
  if (seconds.kind === 'refused') return seconds.verdict;
  const signed = { id: id.value, seconds: seconds.value, body: request.body };
  const shown = claim.value.split(' ');
  return verdictAt(
    verdictOf(claim.live, secret => isSigned(secret, signed, shown)),
    seconds.value,
    clock,
  );
}

function isSigned(secret: string, signed: StandardContent, shown: readonly string[]): boolean {
  if (secret.startsWith(PUBLIC_PREFIX)) return isSignedByPair(secret, signed, shown);
  // Of a secret that is none the key would be empty, and everybody's.
  if (base64Of(secret) === null) return false;
  const own = signV1(secret, signed);
  return shown.some(signature => V1_FORM.test(signature) && sameText(signature, own));
}

function isSignedByPair(secret: string, signed: StandardContent, shown: readonly string[]): boolean {
  const key = publicKeyOf(secret);
  if (key === null) return false;
  const content = contentOf(signed);
  return shown
    .filter(signature => V1A_FORM.test(signature))
    .slice(0, MAX_V1A)
    .some(signature => {
      const base64 = signature.slice('v1a,'.length);
      const bytes = Buffer.from(base64, 'base64');
      // Two texts can be the same bytes: the bits that are over count for nothing.
      return bytes.toString('base64') === base64 && verifyOnce(null, content, key, bytes);
    });
}

export interface StandardContent {
  readonly id: string;
  /** Since 1970, as it is in the header. */
  readonly seconds: string;
  readonly body: Uint8Array;
}

function contentOf({ id, seconds, body }: StandardContent): Buffer {
  return Buffer.concat([Buffer.from(`${id}.${seconds}.`), body]);
}

/** `v1,<base64>`, or `v1a,<base64>` by the signing key of a pair; empty where it is none. */
export function signStandard(secret: string, content: StandardContent): string {
  if (!secret.startsWith(SIGNING_PREFIX)) return base64Of(secret) === null ? '' : signV1(secret, content);
  const key = signingKeyOf(secret);
  return key === null ? '' : `v1a,${signOnce(null, contentOf(content), key).toString('base64')}`;
}

function signV1(secret: string, { id, seconds, body }: StandardContent): string {
  const hmac = createHmac('sha256', standardKey(secret)).update(`${id}.${seconds}.`).update(body);
  return `v1,${hmac.digest('base64')}`;
}

/** Of `v1a`: what a sender shows, and what it keeps. */
export function makeStandardKeys(): KeyPair {
  const { publicBytes, seed } = makeEd25519();
  return {
    secret: PUBLIC_PREFIX + publicBytes.toString('base64'),
    signingKey: SIGNING_PREFIX + Buffer.concat([seed, publicBytes]).toString('base64'),
  };
}

/** null: what signs by an HMAC, or not at all. */
export function standardPublicKeyOf(signingKey: string): string | null {
  const key = signingKeyOf(signingKey);
  return key === null ? null : PUBLIC_PREFIX + ed25519PublicBytes(key).toString('base64');
}

export function checkStandardSecret(secret: string): true | string {
  if (secret.startsWith(SIGNING_PREFIX)) return 'must be the public key (whpk_…), not the key that signs';
  if (secret.startsWith(PUBLIC_PREFIX)) {
    return publicKeyOf(secret) !== null || 'must be "whpk_" and the 32 bytes of an Ed25519 key in base64';
  }
  const base64 = base64Of(secret);
  const length = base64 === null ? 0 : Buffer.from(base64, 'base64').length;
  if (length >= SECRET_MIN_BYTES && length <= SECRET_MAX_BYTES) return true;
  return `must be "whsec_" and ${SECRET_MIN_BYTES} to ${SECRET_MAX_BYTES} bytes in base64, or "whpk_" and an Ed25519 public key`;
}
