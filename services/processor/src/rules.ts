import { readConfigFile } from '@ackline/runtime/config-file';
import { type ConfigReload, connectConfigReload } from '@ackline/runtime/config-reload';
import type { Logger } from '@ackline/runtime/logger';
import { createSecretReader, type SecretReader } from '@ackline/runtime/secrets';
import { AppError } from '@ackline/shared/app-error';
import type {
  AcklineConfig,
  DestinationConfig,
  RetentionConfig,
  RouteConfig,
  SourceConfig,
} from '@ackline/shared/config/types';
import { providers } from '@ackline/shared/providers/registry';
import { createFanOut, type FanOutRule } from '@ackline/shared/routing/fan-out';
import type { ProcessorConfig } from './config.ts';

/** What one reading of ackline.yaml says: which routes want an event, and what is known of sources, routes and destinations, by name. */
export interface Rules {
  readonly fanOut: FanOutRule;
  readonly sources: ReadonlyMap<string, SourceConfig>;
  readonly routes: ReadonlyMap<string, RouteConfig>;
  readonly destinations: ReadonlyMap<string, DestinationConfig>;
}

/** The rules, and what the file says beside them. */
export interface Declared extends Rules {
  readonly retention: RetentionConfig;
}

export interface ConnectedRules {
  /** Replaced as a whole by a reload. A transaction asks once, and keeps what it was given. */
  readonly declared: ConfigReload<Declared>;
  /** One for all readings: an attempt that began before a reload still finds its secrets. */
  readonly secrets: SecretReader;
}

export interface RulesDeps {
  readonly log: Logger;
  /** Hears of each reading after the first, in the moment in which it takes effect. Must not throw. */
  readonly onReloaded: (rules: Rules) => void;
}

/** Reads ackline.yaml, with every secret that deliveries need checked; throws one AppError that lists all problems. */
export async function connectRules(
  config: Pick<ProcessorConfig, 'configPath' | 'production' | 'secretEnv' | 'kafka'>,
  { log, onReloaded }: RulesDeps,
): Promise<ConnectedRules> {
  const { configPath, production } = config;
  const secrets = createSecretReader({
    env: config.secretEnv,
    production,
    onFileProblem: problem => log.error({ problem }, 'secret.file-problem'),
  });
  const declared = await connectConfigReload({
    path: configPath,
    log,
    load: async () => {
      const ackline = await readConfigFile(configPath, { providers, production });
      checkSecrets(ackline, secrets);
      checkBrokers(ackline.destinations, config.kafka !== null);
      return { ...createRules(ackline), retention: ackline.retention };
    },
    onReloaded,
  });
  return { declared, secrets };
}

export function createRules(ackline: Pick<AcklineConfig, 'sources' | 'routes' | 'destinations'>): Rules {
  return {
    fanOut: createFanOut(ackline),
    sources: byName(ackline.sources),
    routes: byName(ackline.routes),
    destinations: byName(ackline.destinations),
  };
}

/** The processor signs, and puts bearer secrets back where it is told to: the other inbound secrets are the ingress's. */
function checkSecrets(ackline: AcklineConfig, secrets: SecretReader): void {
  const forwards = ackline.destinations.some(destination => destination.forwardSecret);
  secrets.checkSecrets({ ...ackline, sources: forwards ? ackline.sources : [] }, providers);
}

function checkBrokers(destinations: readonly DestinationConfig[], hasKafka: boolean): void {
  const homeless = destinations.filter(one => one.type === 'kafka' && one.brokers === null);
  const [first] = homeless;
  if (hasKafka || first === undefined) return;
  throw new AppError(
    'ACKLINE_CONFIG_INVALID',
    `destination ${first.name}: the brokers of its topic are not known: set KAFKA_BROKERS, or its brokers`,
  );
}

function byName<Named extends { readonly name: string }>(list: readonly Named[]): ReadonlyMap<string, Named> {
  return new Map(list.map(named => [named.name, named]));
}
