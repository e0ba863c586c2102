import { createSecretKey, type KeyObject } from 'node:crypto';

const SECRET_PREFIX = 'whsec_';
/** Those in use, and those that rotations left behind: over it all are made anew. */
const MAX_KEYS = 1_000;

const keys = new Map<string, KeyObject>();

/**
 * The key of a `whsec_…` secret: what follows the prefix is base64. Made once: OpenSSL takes four times as long to make a key as to
 * sign a usual body with it.
 */
export function signingKey(secret: string): KeyObject {
  const known = keys.get(secret);
  if (known !== undefined) return known;
  const base64 = secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret;
  const key = createSecretKey(base64, 'base64');
  if (keys.size >= MAX_KEYS) keys.clear();
  keys.set(secret, key);
  return key;
}
