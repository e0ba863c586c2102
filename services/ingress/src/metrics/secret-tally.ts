import { hash, randomBytes } from 'node:crypto';

/**
 * When each secret of each source last proved a request, and how many it proved. A time belongs to the secret itself, by a hash of it under a key of this
 * process: a reload may put another secret in its place, and a file may have another one in it.
 */
export interface SecretTally {
  /** `at`: epoch milliseconds. */
  note(source: string, secret: string, at: number): void;
  /** Epoch milliseconds; 0: not since the start. */
  lastUse(source: string, secret: string): number;
  /** Since the start; `lastAt` as {@link lastUse}. */
  of(source: string, secret: string): SecretCount;
}

export interface SecretCount {
  /** Requests. */
  readonly count: number;
  readonly lastAt: number;
}

/** Of a source; more than it may have at a time, and little memory where a file is rotated for years. */
const MAX_KEPT = 64;
const KEY_BYTES = 32;

export function createSecretTally(): SecretTally {
  const key = randomBytes(KEY_BYTES).toString('base64');
  const identityOf = (secret: string) => hash('sha256', `${key}${secret}`, 'binary');
  const sources = new Map<string, Map<string, SecretCount>>();

  function usesOf(source: string): Map<string, SecretCount> {
    const known = sources.get(source);
    if (known !== undefined) return known;
    const uses = new Map<string, SecretCount>();
    sources.set(source, uses);
    return uses;
  }

  const of = (source: string, secret: string) => sources.get(source)?.get(identityOf(secret)) ?? UNUSED;

  return {
    note(source, secret, at) {
      const uses = usesOf(source);
      const identity = identityOf(secret);
      if (uses.size >= MAX_KEPT && !uses.has(identity)) forgetOldest(uses);
      uses.set(identity, { count: (uses.get(identity)?.count ?? 0) + 1, lastAt: at });
    },
    lastUse: (source, secret) => of(source, secret).lastAt,
    of,
  };
}

const UNUSED: SecretCount = { count: 0, lastAt: 0 };

function forgetOldest(uses: Map<string, SecretCount>): void {
  const [oldest] = [...uses].toSorted(([, one], [, other]) => one.lastAt - other.lastAt);
  if (oldest !== undefined) uses.delete(oldest[0]);
}
