import { hash, randomBytes } from 'node:crypto';

/**
 * When each secret of each source last proved a request. A time belongs to the secret itself, by a hash of it under a key of this
 * process: a reload may put another secret in its place, and a file may have another one in it.
 */
export interface SecretUses {
  /** `at`: epoch milliseconds. */
  note(source: string, secret: string, at: number): void;
  /** Epoch milliseconds; 0: not since the start. */
  lastUse(source: string, secret: string): number;
}

/** Of a source; more than it may have at a time, and little memory where a file is rotated for years. */
const MAX_KEPT = 64;
const KEY_BYTES = 32;

export function createSecretUses(): SecretUses {
  const key = randomBytes(KEY_BYTES).toString('base64');
  const identityOf = (secret: string) => hash('sha256', `${key}${secret}`, 'binary');
  const sources = new Map<string, Map<string, number>>();

  function usesOf(source: string): Map<string, number> {
    const known = sources.get(source);
    if (known !== undefined) return known;
    const uses = new Map<string, number>();
    sources.set(source, uses);
    return uses;
  }

  return {
    note(source, secret, at) {
      const uses = usesOf(source);
      const identity = identityOf(secret);
      if (uses.size >= MAX_KEPT && !uses.has(identity)) forgetOldest(uses);
      uses.set(identity, at);
    },
    lastUse: (source, secret) => sources.get(source)?.get(identityOf(secret)) ?? 0,
  };
}

function forgetOldest(uses: Map<string, number>): void {
  const [oldest] = [...uses].toSorted(([, one], [, other]) => one - other);
  if (oldest !== undefined) uses.delete(oldest[0]);
}
