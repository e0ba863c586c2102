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
import type { EnvelopeMeta } from '@ackline/shared/envelope';
import type { LogLevel } from '@ackline/shared/log-level';
import type { Provider } from '@ackline/shared/provider';
import { providerOf, providers } from '@ackline/shared/providers/registry';
import { createFanOutSteps, type FanOutSteps } from '@ackline/shared/routing/fan-out';
import type { ProcessorConfig } from './config.ts';

/** What one reading of ackline.yaml says: which routes want an event, and what is known of sources, routes and destinations, by name. */
export interface Rules {
  readonly fanOut: FanOutSteps;
  readonly sources: ReadonlyMap<string, SourceConfig>;
  readonly providerOf: ProviderOfEvent;
  readonly routes: ReadonlyMap<string, RouteConfig>;
  readonly destinations: ReadonlyMap<string, DestinationConfig>;
  /** Of tenants; one that is not there has the weight 1. */
  readonly weights: ReadonlyMap<string, number>;
  /** Names of destinations that routes bring events of more than one tenant to. */
  readonly shared: ReadonlySet<string>;
}

/** The provider of an event, as its source's options make it where they are known here. */
type ProviderOfEvent = (meta: Pick<EnvelopeMeta, 'source' | 'provider'>) => Provider | undefined;

/** The rules, and what the file says beside them. */
export interface Declared extends Rules {
  readonly retention: RetentionConfig;
  readonly logLevel: LogLevel | null;
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
  readonly onReloaded: (declared: Declared) => void;
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
  const declared = await connectConfigReload<Declared>({
    path: configPath,
    log,
    load: async inForce => {
      const routesInForce = inForce?.routes.size ?? 0;
      const ackline = await readConfigFile(configPath, { providers, production, routesInForce });
      checkSecrets(ackline, secrets);
      checkBrokers(ackline.destinations, config.kafka !== null);
      return { ...createRules(ackline), retention: ackline.retention, logLevel: ackline.logLevel };
    },
    onReloaded,
  });
  return { declared, secrets };
}

export function createRules(
  ackline: Pick<AcklineConfig, 'sources' | 'routes' | 'destinations' | 'tenants'>,
): Rules {
  const sources = byName(ackline.sources);
  return {
    fanOut: createFanOutSteps(ackline),
    sources,
    providerOf({ source, provider }) {
      const known = sources.get(source);
      // A source may have got another provider since the event was verified.
      return providerOf({ provider, options: known?.provider === provider ? known.options : null });
    },
    routes: byName(ackline.routes),
    destinations: byName(ackline.destinations),
    weights: new Map(ackline.tenants.map(({ name, weight }) => [name, weight])),
    shared: sharedDestinations(ackline),
  };
}

/** By what routes name; their filters are not looked into, so that one which only one tenant's events pass counts as shared too. */
function sharedDestinations({
  sources,
  routes,
}: Pick<AcklineConfig, 'sources' | 'routes'>): ReadonlySet<string> {
  const tenants = new Map<string, Set<string>>();
  for (const { match, destination } of routes) {
    const known = tenants.get(destination) ?? new Set();
    tenants.set(destination, known);
    for (const { name, tenant } of sources) {
      const isNamed = (match.source ?? name) === name && (match.tenant ?? tenant) === tenant;
      if (isNamed) known.add(tenant);
    }
  }
  return new Set([...tenants].filter(([, known]) => known.size > 1).map(([destination]) => destination));
}

/** The processor signs, and puts bearer secrets back where it is told to: the other inbound secrets, and tokens, are the ingress's. */
function checkSecrets(ackline: AcklineConfig, secrets: SecretReader): void {
  const forwards = ackline.destinations.some(destination => destination.forwardSecret);
  const sources = ackline.sources.map(source => ({ ...source, verifyTokens: [] }));
  secrets.checkSecrets({ ...ackline, sources: forwards ? sources : [] }, providers);
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
