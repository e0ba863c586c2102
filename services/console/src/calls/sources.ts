import type { SecretReader } from '@ackline/runtime/secrets';
import { AppError } from '@ackline/shared/app-error';
import { describeRef } from '@ackline/shared/config/secret-ref';
import type { SecretRef } from '@ackline/shared/config/types';
import { readSecretUses } from '@ackline/store/secret-uses';
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
  /** null: this process does not have it. */
  function valueOf(ref: SecretRef): string | null {
    try {
      return secrets.resolve([ref])[0] ?? null;
    } catch (error) {
      if (error instanceof AppError) return null;
      throw error;
    }
  }

  return {
    async listSources({ caller }) {
      const { ackline, placeOf } = declared();
      const uses = await readSecretUses(reads);
      const forwards = ackline.destinations.some(({ forwardSecret }) => forwardSecret);
      const items = ackline.sources.flatMap((source, index) => {
        if (!maySee(caller, source.tenant)) return [];
        const { name, provider, tenant, path, aliases } = source;
        const base = source.publicUrl ?? ackline.publicUrl;
        const shown = secretsOf(source, { valueOf, uses, forwards });
        return [
          {
            name,
            provider,
            tenant,
            path,
            aliases: [...aliases],
            url: base === null ? null : base + path,
            place: placeOf(['sources', index]),
            secrets: shown.map(({ ref, use, ofSource, holdsPlaces }, place) => ({
              reference: describeRef(ref),
              place: placeOf(['sources', index, 'secrets', place]),
              firstListedAt: use?.firstListedAt.toISOString() ?? null,
              lastUsedAt: use?.lastUsedAt?.toISOString() ?? null,
              uses: use?.uses ?? 0,
              othersSince: use?.othersSince ?? 0,
              safeToRemove: use !== null && !holdsPlaces && isRemovable(use, ofSource),
            })),
          },
        ];
      });
      return { json: { items } };
    },
  };
}
