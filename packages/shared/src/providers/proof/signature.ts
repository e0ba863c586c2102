import { createHmac, createSecretKey, type Hmac, hash, timingSafeEqual } from 'node:crypto';

import { singleHeader } from '../../headers.ts';
import { createKeyCache } from '../../key-cache.ts';
import type { ReceivedRequest, RejectReason, Secrets, Verdict } from '../../provider.ts';

export interface LiveSecret {
  readonly index: number;
  readonly secret: string;
}

export type Claim =
  | { readonly kind: 'claim'; readonly value: string; readonly live: readonly LiveSecret[] }
  | { readonly kind: 'refused'; readonly verdict: Verdict };

export interface ClaimRules {
  /** Header that carries the proof, lower case. */
  readonly header: string;
  /** The only form that the provider sends; linear. */
  readonly form: RegExp;
}

export function refuse(reason: RejectReason): Verdict {
  return { verified: false, reason };
}

/** What a request shows as proof, and the secrets to hold against it. Without a live secret nothing can be proven (A4). */
export function readClaim(request: ReceivedRequest, secrets: Secrets, rules: ClaimRules): Claim {
  const live = liveOf(secrets);
  if (live.length === 0) return { kind: 'refused', verdict: refuse('no_secret') };
  const proof = readProofHeader(request, rules);
  return proof.kind === 'refused' ? proof : { kind: 'claim', value: proof.value, live };
}

export type ProofHeader =
  | { readonly kind: 'shown'; readonly value: string }
  | { readonly kind: 'refused'; readonly verdict: Verdict };

/** The value of a header that the proof takes: the signature, or what is signed beside the body. */
export function readProofHeader(
  { headers }: Pick<ReceivedRequest, 'headers'>,
  { header, form }: ClaimRules,
): ProofHeader {
  const found = singleHeader(headers, header);
  if (found.found === 'none') return { kind: 'refused', verdict: refuse('missing_signature') };
  if (found.found === 'many') return { kind: 'refused', verdict: refuse('duplicate_signature') };
  if (!form.test(found.value)) return { kind: 'refused', verdict: refuse('malformed_signature') };
  return { kind: 'shown', value: found.value };
}

function liveOf(secrets: Secrets): readonly LiveSecret[] {
  const live: LiveSecret[] = [];
  for (const [index, secret] of secrets.entries()) if (secret !== '') live.push({ index, secret });
  return live;
}

/** The first live secret under which the claim holds, or `wrong_signature`. */
export function verdictOf(live: readonly LiveSecret[], holds: (secret: string) => boolean): Verdict {
  const match = live.find(({ secret }) => holds(secret));
  return match ? { verified: true, secretIndex: match.index } : refuse('wrong_signature');
}

/** Proven where the header has the text that a live secret makes of the request, and that alone. */
export function verifyText(
  rules: ClaimRules,
  expected: (secret: string, request: ReceivedRequest) => string,
): (request: ReceivedRequest, secrets: Secrets) => Verdict {
  return (request, secrets) => {
    const claim = readClaim(request, secrets, rules);
    if (claim.kind === 'refused') return claim.verdict;
    return verdictOf(claim.live, secret => sameText(claim.value, expected(secret, request)));
  };
}

/** A signed time: whole seconds since 1970, as every sender writes them. */
export const SECONDS_FORM = /^[1-9]\d{0,11}$/;

/** As {@link verdictAtMs}. */
export function verdictAt(verdict: Verdict, seconds: string, clock: Clock): Verdict {
  return verdictAtMs(verdict, Number(seconds) * 1_000, clock);
}

/**
 * The verdict, where it holds for the signed time (epoch milliseconds) too. The time comes last: only of a proven sender is it one,
 * and a stranger's would be taken for a wrong clock.
 */
export function verdictAtMs(verdict: Verdict, signedAt: number, { now, toleranceMs }: Clock): Verdict {
  if (!verdict.verified) return verdict;
  return Math.abs(now - signedAt) <= toleranceMs ? verdict : refuse('timestamp_out_of_tolerance');
}

export interface Clock {
  /** Epoch milliseconds. */
  readonly now: number;
  /** Before and after. */
  readonly toleranceMs: number;
}

/** Also of a secret that looks like base64: the key is the text that it is. */
export const textKey = createKeyCache(secret => createSecretKey(secret, 'utf8'));

/** Any text can be one. An end of white space came along with a copy. */
export function checkTextSecret(secret: string): true | string {
  if (secret === '') return 'must not be empty';
  return secret === secret.trim() || 'must not begin or end with white space (it is used as it is written)';
}

/** Of the parts, one after the other. */
export function hmacBase64(
  algorithm: 'sha1' | 'sha256',
  secret: string,
  parts: readonly (string | Uint8Array)[],
): string {
  return hmacOf(algorithm, secret, parts).digest('base64');
}

/** As {@link hmacBase64}, of SHA-256 and in lower case. */
export function hmacHex(secret: string, parts: readonly (string | Uint8Array)[]): string {
  return hmacOf('sha256', secret, parts).digest('hex');
}

function hmacOf(algorithm: string, secret: string, parts: readonly (string | Uint8Array)[]): Hmac {
  const hmac = createHmac(algorithm, textKey(secret));
  for (const part of parts) hmac.update(part);
  return hmac;
}

/** Longer than any proof that a provider sends; a UTF-16 unit takes three bytes at most. */
const COMPARED_UNITS = 512;
const leftBytes = Buffer.alloc(COMPARED_UNITS * 3);
const rightBytes = Buffer.alloc(COMPARED_UNITS * 3);
/** Of the same memory: nearly all secrets and signatures are this short. */
const SHORT_UNITS = 128;
const leftShort = leftBytes.subarray(0, SHORT_UNITS * 3);
const rightShort = rightBytes.subarray(0, SHORT_UNITS * 3);

/**
 * Equality in a time that tells nothing of where the two differ: equally long pieces of memory are compared as a whole. Longer
 * texts are hashed first.
 */
export function sameText(left: string, right: string): boolean {
  if (left.length > COMPARED_UNITS || right.length > COMPARED_UNITS) {
    return timingSafeEqual(hash('sha256', left, 'buffer'), hash('sha256', right, 'buffer'));
  }
  const isShort = left.length <= SHORT_UNITS && right.length <= SHORT_UNITS;
  const leftMemory = isShort ? leftShort : leftBytes;
  const rightMemory = isShort ? rightShort : rightBytes;
  leftMemory.fill(0).write(left, 'utf8');
  rightMemory.fill(0).write(right, 'utf8');
  const isSame = timingSafeEqual(leftMemory, rightMemory);
  // The shorter one is filled up with zeros, which a text can have at its end too.
  return isSame && left.length === right.length;
}
