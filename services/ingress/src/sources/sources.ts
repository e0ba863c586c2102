import { type ConfigReload, connectConfigReload } from '@ackline/runtime/config-reload';
import { readConfigFile } from '@ackline/runtime/config-file';
import type { ProgramContext } from '@ackline/runtime/main-program';
import { createSecretReader, type SecretReader } from '@ackline/runtime/secrets';
import { withDefaultLimit } from '@ackline/shared/config/default-limit';
import type { AcklineConfig } from '@ackline/shared/config/types';
import type { PublishedKeys } from '@ackline/shared/provider';
import { providerOf, providers } from '@ackline/shared/providers/registry';
import type { IncomingMessage } from 'node:http';
import type { IngressConfig } from '../config.ts';
import { createAddressOf, createIsTrustedPeer } from '../limits/client-address.ts';
import { createSourceTable, type SourceTable } from './source-table.ts';

/** What one reading of ackline.yaml says. */
export interface Declared {
  readonly ackline: AcklineConfig;
  readonly table: SourceTable;
  /** Of a request's client, behind the proxies that are trusted. */
  readonly addressOf: (request: IncomingMessage) => string;
  /** The connection comes from a proxy that is trusted. */
  readonly isTrustedPeer: (request: IncomingMessage) => boolean;
}

export interface Sources {
  /** Replaced as a whole by a reload. */
  readonly declared: ConfigReload<Declared>;
  /**
   * Of `declared` as it is when it is asked. A request asks once, and keeps the endpoint that admitted it.
   */
  readonly table: SourceTable;
  /** One for all readings: a request that was admitted before a reload still finds its source's secrets. */
  readonly secrets: SecretReader;
}

/**
 * Reads ackline.yaml, with every secret of a source checked; throws one AppError that lists all problems. `keys`: of the providers
 * that sign with certificates.
 */
export async function connectSources(
  config: Pick<IngressConfig, 'configFile' | 'isProduction' | 'environment' | 'maxRequestsPerMinute'>,
  { log, followLogLevel }: Pick<ProgramContext, 'log' | 'followLogLevel'>,
  keys: PublishedKeys,
): Promise<Sources> {
  const { configFile, isProduction } = config;
  const secrets = createSecretReader({
    env: config.environment,
    production: isProduction,
    onFileProblem: problem => log.warn({ problem }, 'secret.unreadable'),
  });
  const declared = await connectConfigReload<Declared>({
    path: configFile,
    log,
    load: async inForce => {
      const routesInForce = inForce?.ackline.routes.length ?? 0;
      const read = await readConfigFile(configFile, { providers, production: isProduction, routesInForce });
      const ackline = withDefaultLimit(read, config.maxRequestsPerMinute, providers);
      const table = createSourceTable(ackline, source => {
        const provider = providerOf(source);
        return provider?.withKeys?.(keys) ?? provider;
      });
      // Signing secrets are the processor's: an ingress needs none of them.
      secrets.checkSecrets({ ...ackline, destinations: [] }, providers);
      const { trustProxies } = ackline;
      return {
        ackline,
        table,
        addressOf: createAddressOf(trustProxies),
        isTrustedPeer: createIsTrustedPeer(trustProxies),
      };
    },
    onReloaded: ({ ackline }) => followLogLevel(ackline.logLevel),
  });
  followLogLevel(declared.current.ackline.logLevel);
  const table: SourceTable = {
    get: path => declared.current.table.get(path),
    knownPart: path => declared.current.table.knownPart(path),
  };
  return { declared, table, secrets };
}
