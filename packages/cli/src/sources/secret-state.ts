import type { SecretUse } from '@ackline/store/secret-uses';
import { formatCount, formatMs, plural } from '../output/units.ts';

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

function isListed({ listedAgeMs }: SecretUse): boolean {
  return listedAgeMs <= LISTED_MS;
}

/** "last used 3.0 h ago, 1,204 times", "never used since it was listed 2.0 h ago", and whether it can go. */
export function describeUse(use: SecretUse | null, ofSource: readonly SecretUse[], now: number): string {
  if (use === null) return 'no ingress has it yet';
  const used =
    use.lastUsedAgeMs === null
      ? `never used since it was listed ${ago(now - use.firstListedAt.getTime())}`
      : `last used ${ago(use.lastUsedAgeMs)}, ${plural(use.uses, 'time')}`;
  if (!isListed(use)) return `${used}; no ingress has had it for ${formatMs(use.listedAgeMs)}`;
  if (!isRemovable(use, ofSource)) return used;
  return `${used}; safe to remove: newer ones are used, and the others proved ${formatCount(use.othersSince)} requests since`;
}

function ago(ms: number): string {
  return `${formatMs(Math.max(0, ms))} ago`;
}
