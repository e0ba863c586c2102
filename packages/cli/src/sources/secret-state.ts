import { isListed } from '@ackline/store/source-secrets';
import type { SecretUse } from '@ackline/store/secret-uses';
import { formatCount, formatMs, plural } from '../output/units.ts';

export interface KnownUse
  extends Pick<SecretUse, 'firstListedAt' | 'listedAgeMs' | 'lastUsedAgeMs' | 'uses' | 'othersSince'> {
  readonly safeToRemove: boolean;
}

/** "last used 3.0 h ago, 1,204 times", "never used since it was listed 2.0 h ago", and whether it can go. */
export function describeUse(use: KnownUse | null, now: number): string {
  if (use === null) return 'no ingress has it yet';
  const used =
    use.lastUsedAgeMs === null
      ? `never used since it was listed ${ago(now - use.firstListedAt.getTime())}`
      : `last used ${ago(use.lastUsedAgeMs)}, ${plural(use.uses, 'time')}`;
  if (!isListed(use)) return `${used}; no ingress has had it for ${formatMs(use.listedAgeMs)}`;
  if (!use.safeToRemove) return used;
  return `${used}; safe to remove: newer ones are used, and the others proved ${formatCount(use.othersSince)} requests since`;
}

function ago(ms: number): string {
  return `${formatMs(Math.max(0, ms))} ago`;
}
