import { AppError } from '@ackline/shared/app-error';
import type { SecretRef } from '@ackline/shared/config/types';
import type { Environment } from '../environment.ts';
import { createSecretReader } from '../secrets.ts';

/** What secrets are read from. */
export interface SecretPlaces {
  readonly environment: Environment;
  readonly mode: 'development' | 'production';
}

/** The first live secret of a list. Throws ACKLINE_SECRET_MISSING, naming all places, where none has a value. */
export function readFirstSecret(refs: readonly SecretRef[], { environment, mode }: SecretPlaces): string {
  const reader = createSecretReader({ env: environment, production: mode === 'production' });
  const problems: string[] = [];
  for (const ref of refs) {
    try {
      const [secret] = reader.resolve([ref]);
      if (secret !== undefined) return secret;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      problems.push(error.message);
    }
  }
  throw new AppError('ACKLINE_SECRET_MISSING', problems.join('; '));
}
