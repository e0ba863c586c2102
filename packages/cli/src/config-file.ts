import { relative } from 'node:path';
import { inspectConfigFile, readConfigFile } from '@ackline/runtime/config-file';
import type { InspectedConfig } from '@ackline/shared/config/load-config';
import type { AcklineConfig } from '@ackline/shared/config/types';
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
