import { secretValue } from '@ackline/runtime/secret-value';
import type { SecretReader } from '@ackline/runtime/secrets';
import { describeRef } from '@ackline/shared/config/secret-ref';
import { readSecretUses, type SecretUse } from '@ackline/store/secret-uses';
import { isRemovable, secretsOf } from '@ackline/store/source-secrets';
import type { Pool } from 'pg';
import { maySee } from '../access/caller.ts';
import type { sourceRoutes } from '../api/sources.ts';
import type { Declared } from '../declared.ts';
import type { CallsOf } from './call.ts';

export interface SourceCallsDeps {
  readonly reads: Pool;
  readonly declared: () => Declared;
  /** To know which secret an ingress has noted uses of; no value leaves it. */
  readonly secrets: Pick<SecretReader, 'resolve'>;
}

export function createSourceCalls({
  reads,
  declared,
  secrets,
}: SourceCallsDeps): CallsOf<typeof sourceRoutes> {
  return {
    async listSources({ caller }) {
      const { ackline, placeOf } = declared();
      const uses = await readSecretUses(reads);
      const forwards = ackline.destinations.some(({ forwardSecret }) => forwardSecret);
      const items = ackline.sources.flatMap((source, index) => {
        if (!maySee(caller, source.tenant)) return [];
        const { name, provider, tenant, path, aliases } = source;
        const base = source.publicUrl ?? ackline.publicUrl;
        const shown = secretsOf(source, { valueOf: ref => secretValue(ref, secrets), uses, forwards });
        return [
          {
            name,
            provider,
            tenant,
            path,
            aliases: [...aliases],
            url: base === null ? null : base + path,
            place: placeOf(['sources', index]),
            secrets: shown.map(({ ref, fingerprint, use, ofSource, holdsPlaces }, place) => ({
              reference: describeRef(ref),
              place: placeOf(['sources', index, 'secrets', place]),
              hasValue: fingerprint !== null,
              ...shownUse(use),
              safeToRemove: use !== null && !holdsPlaces && isRemovable(use, ofSource),
            })),
          },
        ];
      });
      return { json: { items } };
    },
  };
}

/** null: nothing is known of it. */
function shownUse(use: SecretUse | null) {
  if (use === null) return UNKNOWN_USE;
  const { firstListedAt, listedAgeMs, lastUsedAt, lastUsedAgeMs, uses, othersSince } = use;
  return {
    firstListedAt: firstListedAt.toISOString(),
    listedAgeMs,
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
    lastUsedAgeMs,
    uses,
    othersSince,
  };
}

const UNKNOWN_USE = {
  firstListedAt: null,
  listedAgeMs: null,
  lastUsedAt: null,
  lastUsedAgeMs: null,
  uses: 0,
  othersSince: 0,
};
