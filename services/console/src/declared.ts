import { inspectConfigFile } from '@ackline/runtime/config-file';
import { type ConfigReload, connectConfigReload } from '@ackline/runtime/config-reload';
import type { ProgramContext } from '@ackline/runtime/main-program';
import { AppError } from '@ackline/shared/app-error';
import type { AcklineConfig } from '@ackline/shared/config/types';
import { providers } from '@ackline/shared/providers/registry';
import type { ConsoleConfig } from './config.ts';

/** Where something stands in the configuration. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** What one reading of ackline.yaml says. */
export interface Declared {
  readonly ackline: AcklineConfig;
  readonly placeOf: (path: readonly (string | number)[]) => Place;
}

/** Reads ackline.yaml, and again where it changes. It is shown, and never written. */
export function connectDeclared(
  { configFile, isProduction }: Pick<ConsoleConfig, 'configFile' | 'isProduction'>,
  { log, followLogLevel }: Pick<ProgramContext, 'log' | 'followLogLevel'>,
): Promise<ConfigReload<Declared>> {
  return connectConfigReload<Declared>({
    path: configFile,
    log,
    load: async inForce => {
      const routesInForce = inForce?.ackline.routes.length ?? 0;
      const options = { providers, production: isProduction, routesInForce };
      const file = await inspectConfigFile(configFile, options);
      const problems = file.list();
      if (file.config === null || problems !== '') throw new AppError('ACKLINE_CONFIG_INVALID', problems);
      return { ackline: file.config, placeOf: path => ({ file: configFile, line: file.placeOf(path).line }) };
    },
    onReloaded: ({ ackline }) => followLogLevel(ackline.logLevel),
  });
}
