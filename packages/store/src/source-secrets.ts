import type { SecretRef, SourceConfig } from '@ackline/shared/config/types';
import { providerOf } from '@ackline/shared/providers/registry';
import { secretFingerprint, type SecretUse } from './secret-uses.ts';

export interface ShownSecret {
  readonly source: SourceConfig;
  readonly ref: SecretRef;
  /** null: it has no value on this machine. */
  readonly fingerprint: string | null;
  readonly use: SecretUse | null;
  /** Taken out, it would change what stored events name: `secret:<place>`, which `forwardSecret` puts back. */
  readonly holdsPlaces: boolean;
  /** All secrets of the source that an ingress has or had. */
  readonly ofSource: readonly SecretUse[];
}

/** Three nights: a job that runs each night, however its hour moves, has used its secret in this time, and so has a provider that retries for a day. */
const QUIET_MS = 72 * 3_600_000;
/** Requests that others proved meanwhile: fewer may as well be a source that is hardly called. */
const LEAST_OTHERS = 10;
/** Three writings that an ingress missed: none of those that run has it. */
const LISTED_MS = 120_000;

/**
 * Whether a secret can be taken out of its source: another one is newer and has proved requests since this one last did, the
 * source's other secrets have proved ten or more since, and for 72 hours, in which uses were noted without a pause, this one has
 * proved none. So it is never the only secret, the newest one, or one of several that were first listed together.
 */
export function isRemovable(use: SecretUse, ofSource: readonly SecretUse[]): boolean {
  const isQuiet = use.watchedMs >= QUIET_MS && (use.lastUsedAgeMs ?? Number.POSITIVE_INFINITY) >= QUIET_MS;
  if (!isListed(use) || !isQuiet || use.othersSince < LEAST_OTHERS) return false;
  return ofSource.some(
    other =>
      isListed(other) &&
      other.firstListedAt > use.firstListedAt &&
      other.lastUsedAt !== null &&
      (use.lastUsedAt === null || other.lastUsedAt > use.lastUsedAt),
  );
}

/** Some ingress has it. */
export function isListed({ listedAgeMs }: Pick<SecretUse, 'listedAgeMs'>): boolean {
  return listedAgeMs <= LISTED_MS;
}

export interface KnownOfSecrets {
  /** null: it has none on this machine. */
  readonly valueOf: (ref: SecretRef) => string | null;
  readonly uses: readonly SecretUse[];
  /** Some destination gets the tokens of bearer headers. */
  readonly forwards: boolean;
}

/** The secrets of a source as they are shown: without a value. */
export function secretsOf(source: SourceConfig, { valueOf, uses, forwards }: KnownOfSecrets): ShownSecret[] {
  const hasPlaces = forwards && (providerOf(source)?.bearerHeaders.length ?? 0) > 0;
  const ofSource = uses.filter(use => use.source === source.name);
  return source.secrets.map((ref, place) => {
    const value = valueOf(ref);
    const fingerprint = value === null ? null : secretFingerprint(source.name, value);
    const use = ofSource.find(known => known.fingerprint === fingerprint) ?? null;
    const holdsPlaces = hasPlaces && place < source.secrets.length - 1;
    return { source, ref, fingerprint, use, ofSource, holdsPlaces };
  });
}
