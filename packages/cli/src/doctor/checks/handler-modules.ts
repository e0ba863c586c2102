import { dirname, resolve } from 'node:path';
import type { AcklineConfig } from '@ackline/shared/config/types';

/** The modules of destinations that are handlers, each once. `configFile`: what their paths are relative to. */
export function handlerModules(
  { destinations }: Pick<AcklineConfig, 'destinations'>,
  configFile: string,
): readonly string[] {
  const modules = destinations.flatMap(destination =>
    'module' in destination && typeof destination.module === 'string'
      ? [resolve(dirname(configFile), destination.module)]
      : [],
  );
  return [...new Set(modules)];
}
