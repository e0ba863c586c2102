import type { KeyObject } from 'node:crypto';
import { createBoundedMap } from '@ackline/shared/bounded-map';
import type { PublishedCertificate } from '@ackline/shared/provider';
import type { KeptCertificate } from '@ackline/store/published-certificates';
import type { CertificateCheck, GoodCertificate } from './certificate-check.ts';

/** After that it is fetched again while it serves, so that a change is seen the same day. */
const FRESH_MS = 6 * 3_600_000;
/** What could not be fetched again for so long serves no more: it may have been taken back. */
const KEPT_MS = 24 * 3_600_000;
/** A provider has a few. */
const MAX_KEYS = 64;

interface KnownKey {
  readonly certificate: PublishedCertificate;
  readonly good: GoodCertificate;
  /** Monotonic milliseconds. */
  readonly fetchedAt: number;
}

export interface FoundKey {
  /** null: none that serves. */
  readonly key: KeyObject | null;
  /** It serves, and need not be fetched again. */
  readonly isFresh: boolean;
  /** Its certificate was good once. */
  readonly isKnown: boolean;
}

export interface KnownKeys {
  of(certificate: PublishedCertificate): FoundKey;
  /** One that was fetched now. */
  add(certificate: PublishedCertificate, good: GoodCertificate): void;
  /** What was found good and is in force. */
  known(): readonly KeptCertificate[];
  /** Takes what another process found good, as far as it is so here (PK5). */
  learn(kept: readonly KeptCertificate[]): void;
}

export interface KnownKeysDeps {
  readonly check: CertificateCheck;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Epoch milliseconds. */
  readonly clock: () => number;
}

/** Keys of certificates that were good when they were looked at last. */
export function createKnownKeys({ check, now, clock }: KnownKeysDeps): KnownKeys {
  const keys = createBoundedMap<KnownKey>(MAX_KEYS);
  const isInForce = ({ good }: KnownKey) => clock() <= good.validTo;
  const ageOf = ({ fetchedAt }: KnownKey) => now() - fetchedAt;
  return {
    of(certificate) {
      const known = keys.get(placeOf(certificate));
      if (known === undefined) return { key: null, isFresh: false, isKnown: false };
      const serves = ageOf(known) < KEPT_MS && isInForce(known); // (PK2)
      return {
        key: serves ? known.good.key : null,
        isFresh: serves && ageOf(known) < FRESH_MS,
        isKnown: true,
      };
    },
    add(certificate, good) {
      keys.set(placeOf(certificate), { certificate, good, fetchedAt: now() });
    },
    known: () =>
      keys
        .values()
        .filter(isInForce)
        .map(known => ({ ...known.certificate, chain: known.good.chain, ageMs: ageOf(known) }))
        .toArray(),
    learn(kept) {
      for (const { url, subject, chain, ageMs } of kept) {
        const checked = check({ pem: chain, others: [] }, subject, clock());
        if (checked.kind === 'bad') continue;
        const fetchedAt = now() - ageMs;
        keys.set(placeOf({ url, subject }), { certificate: { url, subject }, good: checked, fetchedAt });
      }
    },
  };
}

/** A key is given for that subject alone that its certificate was checked for. */
function placeOf({ url, subject }: PublishedCertificate): string {
  return `${subject}\n${url}`;
}
