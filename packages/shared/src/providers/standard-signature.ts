import { createHmac, createSecretKey } from 'node:crypto';

import { createHmacKeys } from '../hmac-keys.ts';
import type { ReceivedRequest, Secrets, Verdict } from '../provider.ts';
import { type Clock, judge, judgeTime, readClaim, readProof, SECONDS_FORM, sameText } from './signature.ts';

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

/** Base64 of the 32 bytes of an HMAC-SHA256. Other versions (`v1a` is Ed25519) may stand beside it and prove nothing. */
const V1_FORM = /^v1,[A-Za-z0-9+/]{43}=$/;
const HAS_V1 = /(?:^| )v1,[A-Za-z0-9+/]{43}=(?: |$)/;

/** As the SDKs have it, the prefix may be left out. */
const SECRET_FORM = /^(?:whsec_)?((?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/;
/** The specification has 24 to 64. Some senders have shorter ones; under 16 they can be guessed. */
const SECRET_MIN_BYTES = 16;
const SECRET_MAX_BYTES = 128;

const standardKey = createHmacKeys(secret => createSecretKey(base64Of(secret) ?? '', 'base64'));

function base64Of(secret: string): string | null {
  return SECRET_FORM.exec(secret)?.[1] ?? null;
}

/** Proves that the sender signed the id, the time and the raw body. Several signatures may stand in the header: one has to hold. */
export function verifyStandard(
  request: ReceivedRequest,
  secrets: Secrets,
  { names, ...clock }: Clock & { readonly names: StandardNames },
): Verdict {
  const claim = readClaim(request, secrets, { header: names.signature, form: HAS_V1 });
  if (claim.kind === 'refused') return claim.verdict;
  const id = readProof(request, { header: names.id, form: STANDARD_ID_FORM });
  if (id.kind === 'refused') return id.verdict;
  const seconds = readProof(request, { header: names.timestamp, form: SECONDS_FORM });
  if (seconds.kind === 'refused') return seconds.verdict;
  const signatures = claim.value.split(' ').filter(signature => V1_FORM.test(signature));
  const signed = { id: id.value, seconds: seconds.value, body: request.body };
  const verdict = judge(claim.live, secret => {
    // Of a secret that is none the key would be empty, and everybody's.
    if (base64Of(secret) === null) return false;
    const own = signStandard(secret, signed);
    return signatures.some(signature => sameText(signature, own));
  });
  return judgeTime(verdict, seconds.value, clock);
}

export interface StandardContent {
  readonly id: string;
  /** Since 1970, as it is in the header. */
  readonly seconds: string;
  readonly body: Uint8Array;
}

/** `v1,<base64>`; the secret has to be one that {@link checkStandardSecret} takes. */
export function signStandard(secret: string, { id, seconds, body }: StandardContent): string {
  const hmac = createHmac('sha256', standardKey(secret)).update(`${id}.${seconds}.`).update(body);
  return `v1,${hmac.digest('base64')}`;
}

export function checkStandardSecret(secret: string): true | string {
  const base64 = base64Of(secret);
  const length = base64 === null ? 0 : Buffer.from(base64, 'base64').length;
  if (length >= SECRET_MIN_BYTES && length <= SECRET_MAX_BYTES) return true;
  return `must be "whsec_" and ${SECRET_MIN_BYTES} to ${SECRET_MAX_BYTES} bytes in base64`;
}
