import { relative } from 'node:path';
import { inspectConfigFile, readConfigFile } from '@ackline/runtime/config-file';
import { createSecretReader } from '@ackline/runtime/secrets';
import { AppError } from '@ackline/shared/app-error';
import type { InspectedConfig } from '@ackline/shared/config/load-config';
import type { AcklineConfig, SecretRef } from '@ackline/shared/config/types';
import { providers } from '@ackline/shared/providers/registry';
import type { CliConfig } from './config.ts';

/** Reads and checks ackline.yaml, by the rules of the mode. Rejects with ACKLINE_CONFIG_INVALID that lists every error with its place. */
export function readAcklineConfig(path: string, mode: CliConfig['mode']): Promise<AcklineConfig> {
  return readConfigFile(shownPath(path), { providers, production: mode === 'production' });
}

/** As {@link readAcklineConfig}, for a check that has more to say about the file than it says itself. */
export function inspectAcklineConfig(path: string, mode: CliConfig['mode']): Promise<InspectedConfig> {
  return inspectConfigFile(shownPath(path), { providers, production: mode === 'production' });
}

/** Short where it lies below the working directory, so that an error reads well and terminals make it a link. */
export function shownPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' || short.startsWith('..') ? path : short;
}

/** The first live secret of a list. Throws ACKLINE_SECRET_MISSING, naming all places, where none has a value. */
export function readFirstSecret(
  refs: readonly SecretRef[],
  { environment, mode }: Pick<CliConfig, 'environment' | 'mode'>,
): string {
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
