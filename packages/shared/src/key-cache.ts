import type { KeyObject } from 'node:crypto';

/** Those in use, and those that rotations left behind: over it all are made anew. */
const MAX_KEYS = 1_000;

/**
 * Makes the key of each secret once: OpenSSL takes several times as long to make a key as to sign a usual body with it. null: the
 * secret is none that has a key.
 */
export function createKeyCache<Key extends KeyObject | null>(
  make: (secret: string) => Key,
): (secret: string) => Key {
  const keys = new Map<string, Key>();
  return secret => {
    const known = keys.get(secret);
    if (known !== undefined) return known;
    const key = make(secret);
    if (keys.size >= MAX_KEYS) keys.clear();
    keys.set(secret, key);
    return key;
  };
}
