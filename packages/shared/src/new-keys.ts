import { randomBytes } from 'node:crypto';

import type { KeyPair, Provider } from './provider.ts';

export type SecretCheck = Provider['checkSecret'];

export interface KeyRules {
  /** Every rule that the secret must keep. */
  readonly checks: readonly SecretCheck[];
  /** Those that prove requests with it. */
  readonly providers: readonly Provider[];
}

/** 32 hexadecimal digits, the form of a Twilio auth token: most providers take it, and 128 bits are not guessed. */
const TOKEN_BYTES = 16;
/** What Standard Webhooks asks for at least is 24. Stripe's secrets begin like these. */
const KEY_BYTES = 32;

/** The first that is taken; so one that takes an HMAC's key and a pair gets the key. */
const FORMS: readonly ((bytes: Buffer) => string)[] = [
  bytes => bytes.toString('hex', 0, TOKEN_BYTES),
  bytes => `whsec_${bytes.toString('base64')}`,
];

/**
 * What keeps all the rules, of new random bytes: a secret that is its own signing key, or a pair of keys where no form of a secret
 * is taken; null where none of these is. `bytes`: of a secret, 32 of them, where it shall be the same each time.
 */
export function newKeys(
  { checks, providers }: KeyRules,
  bytes: Buffer = randomBytes(KEY_BYTES),
): KeyPair | null {
  const isTaken = (secret: string) => checks.every(check => check(secret) === true);
  for (const form of FORMS) {
    const secret = form(bytes);
    if (isTaken(secret)) return { secret, signingKey: secret };
  }
  for (const provider of providers) {
    const pair = provider.makeKeys?.();
    if (pair !== undefined && isTaken(pair.secret)) return pair;
  }
  return null;
}

/** The same for one provider alone. Throws where there are none. */
export function newKeysOf(provider: Provider, bytes?: Buffer): KeyPair {
  const keys = newKeys({ checks: [secret => provider.checkSecret(secret)], providers: [provider] }, bytes);
  if (keys === null) throw new Error(`no secret is known that ${provider.name} takes`);
  return keys;
}
