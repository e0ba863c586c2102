import { createSecretKey } from 'node:crypto';
import { createKeyCache } from './key-cache.ts';

const SECRET_PREFIX = 'whsec_';

/** The key of a `whsec_…` secret: what follows the prefix is base64. */
export const signingKey = createKeyCache(secret => {
  const base64 = secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret;
  return createSecretKey(base64, 'base64');
});
