import { AppError } from '../app-error.ts';
import type { Provider } from '../provider.ts';
import { providerOf } from '../providers/registry.ts';
import { crossCheck, showPath } from './cross-checks.ts';
import type { Finding } from './finding.ts';
import type { GivenHeaders } from './header-fields.ts';
import { type ConfigFile, configSchema } from './schema.ts';
import { optionProblems, placed, schemaProblems, valueAt } from './schema-problems.ts';
import type {
  AcklineConfig,
  DestinationConfig,
  HandlerDestinationConfig,
  HttpDestinationConfig,
  KafkaDestinationConfig,
  LimitConfig,
  SecretRef,
  SourceConfig,
} from './types.ts';
import { type ConfigPath, type Problem, readYaml, type YamlSource } from './yaml-source.ts';

/** Thousands of sources fit; a larger file is the wrong file. */
export const MAX_CONFIG_BYTES = 1_048_576;
/** More than a person reads at once; the rest is counted. */
const MAX_LISTED_PROBLEMS = 50;

export type KnownProviders = ReadonlyMap<
  string,
  Pick<
    Provider,
    | 'checkSecret'
    | 'contentTypes'
    | 'signsUrl'
    | 'overLimit'
    | 'toleranceMs'
    | 'maxBodyBytes'
    | 'configurable'
    | 'handshake'
  >
>;

export interface LoadConfigOptions {
  /** Stands before each error. */
  readonly fileName: string;
  readonly providers: KnownProviders;
  /** Refuses what only development may leave open. */
  readonly production: boolean;
  /** How many are in force. Where there are some, a file without `routes` is refused: half of one looks like that. */
  readonly routesInForce?: number;
}

/** A file that was read, with whatever is wrong with it. */
export interface InspectedConfig {
  /** With all defaults filled in; null where the form of the file is wrong, so that no more can be asked of it. */
  readonly config: AcklineConfig | null;
  /**
   * All that is wrong with the file, and what others found out about it, by place: a line each as
   * `ackline.yaml:12:5  sources[1].path: what is wrong`. Empty where nothing is.
   */
  list(others?: readonly Finding[]): string;
  /** Where a path of the file stands; its beginning where that is not known. */
  placeOf(path: ConfigPath): { readonly line: number; readonly column: number };
}

const START = { line: 1, column: 1 } as const;

/**
 * The configuration that the text of ackline.yaml describes. Throws one ACKLINE_CONFIG_INVALID whose message lists every error
 * with its place. Secrets are not read here: see `checkSecrets`.
 */
export function loadConfig(text: string, options: LoadConfigOptions): AcklineConfig {
  const file = inspectConfig(text, options);
  const problems = file.list();
  if (file.config === null || problems !== '') throw new AppError('ACKLINE_CONFIG_INVALID', problems);
  return file.config;
}

/** As {@link loadConfig}, for whoever has more to say about the file than it says itself. Never throws. */
export function inspectConfig(text: string, options: LoadConfigOptions): InspectedConfig {
  const { fileName } = options;
  if (Buffer.byteLength(text) > MAX_CONFIG_BYTES) {
    const list = () => `${fileName}: is over ${MAX_CONFIG_BYTES} bytes`;
    return { config: null, list, placeOf: () => START };
  }
  const source = readYaml(text);
  if (source.problems.length > 0 && source.value === null) {
    return { config: null, list: () => listed(fileName, source, source.problems), placeOf: () => START };
  }
  const parsed = configSchema.safeParse(source.value);
  const problems = [
    ...source.problems,
    ...cutFileProblems(text, source, options),
    ...(parsed.success ? [] : schemaProblems(parsed.error.issues, { source, schema: configSchema, at: [] })),
    ...optionProblems(source, options.providers),
    ...crossCheck(source.value, options).map(finding => placed(finding, source)),
  ];
  return {
    config: parsed.success ? toConfig(parsed.data, options.providers) : null,
    list: (others = []) =>
      listed(fileName, source, [...problems, ...others.map(finding => placed(finding, source))]),
    placeOf: path => source.positionOf(source.offsetOf(path, 'value')),
  };
}

const NO_LAST_LINE_END =
  'the last line has no line end, as in a file that is cut or still being written: ' +
  'if the file is whole, add a newline at its end (in a ConfigMap "|" keeps it, "|-" does not)';

/** What the first half of a file looks like, which may be valid by itself. Its sources are there, since no file is without. */
function cutFileProblems(
  text: string,
  source: YamlSource,
  { routesInForce = 0 }: Pick<LoadConfigOptions, 'routesInForce'>,
): Problem[] {
  const problems: Problem[] = [];
  if (!source.isWhole) problems.push({ offset: text.length, path: [], message: NO_LAST_LINE_END });
  if (routesInForce > 0 && valueAt(source.value, ['routes']) === undefined) {
    const message = `is missing, though ${routesInForce} are in force: if events are to be delivered nowhere from now on, write "routes: []"`;
    problems.push(placed({ path: ['routes'], message }, source));
  }
  return problems;
}

function listed(fileName: string, source: YamlSource, problems: readonly Problem[]): string {
  const sorted = problems.toSorted((a, b) => a.offset - b.offset);
  const lines = sorted.slice(0, MAX_LISTED_PROBLEMS).map(problem => {
    const { line, column } = source.positionOf(problem.offset);
    const path = showPath(problem.path);
    return `${fileName}:${line}:${column}  ${path === '' ? '' : `${path}: `}${problem.message}`;
  });
  const rest = sorted.length - lines.length;
  if (rest > 0) lines.push(`… and ${rest} more`);
  return lines.join('\n');
}

function toConfig(file: ConfigFile, providers: KnownProviders): AcklineConfig {
  return {
    publicUrl: file.publicUrl ?? null,
    trustProxies: file.trustProxies,
    logLevel: file.logLevel ?? null,
    sources: file.sources.map(source => toSource(source, providers)),
    tenants: file.tenants,
    routes: file.routes.map(route => ({
      name: route.name,
      match: {
        source: route.match.source ?? null,
        type: route.match.type ?? null,
        tenant: route.match.tenant ?? null,
        where: route.match.where ?? null,
      },
      destination: route.destination,
      priority: route.priority,
      history: route.history,
      transform:
        route.transform === undefined
          ? null
          : { jsonata: route.transform.jsonata, timeoutMs: route.transform.timeout },
    })),
    destinations: file.destinations.map(toDestination),
    retention: { eventsDays: file.retention.events, dedupMs: file.retention.dedup },
  };
}

/** Of providers that send no larger ones; far over what chats and payments send. */
const DEFAULT_MAX_BODY_BYTES = 1_048_576;

function toSource(source: ConfigFile['sources'][number], providers: KnownProviders): SourceConfig {
  const {
    maxBody,
    tolerance,
    bodyTimeout,
    limit,
    secrets,
    verifyTokens,
    publicUrl,
    options = null,
    ...same
  } = source;
  const provider = providerOf({ provider: source.provider, options }, providers);
  return {
    ...same,
    options,
    secrets: secrets.map(toSecretRef),
    verifyTokens: verifyTokens.map(toSecretRef),
    publicUrl: publicUrl ?? null,
    maxBodyBytes: maxBody ?? provider?.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES,
    toleranceMs: tolerance ?? provider?.toleranceMs ?? null,
    bodyTimes: { idleMs: bodyTimeout.idle, totalMs: bodyTimeout.total },
    limit: limit === undefined ? null : toLimit(limit, provider),
  };
}

function toLimit(
  { max, per, by, over }: NonNullable<ConfigFile['sources'][number]['limit']>,
  provider: Pick<Provider, 'overLimit'> | undefined,
): LimitConfig {
  return { max, perMs: per, by, over: over ?? provider?.overLimit ?? 'reject' };
}

type DestinationEntry = ConfigFile['destinations'][number];

function toDestination(destination: DestinationEntry): DestinationConfig {
  const { name, concurrency, ordering, onPark, forwardSecret } = destination;
  const { type, url, topic, key, headers, brokers, tls, sasl, timeout, rate, retry, breaker, signingSecret } =
    destination;
  const common = {
    name,
    concurrency,
    ordering,
    onPark,
    forwardSecret,
    rate: rate === undefined ? null : { max: rate.max, perMs: rate.per },
    timeoutMs: timeout,
    retry: { scheduleMs: retry.schedule, jitter: retry.jitter },
    breaker: { failures: breaker.failures, resetMs: breaker.reset, slowStartMs: breaker.slowStart },
    signingSecret: signingSecret === undefined ? null : toSecretRef(signingSecret),
  };
  // What is needed of one kind, the cross-checks have asked for.
  if (type === 'http') return { ...common, type, url: url ?? '', headers: toHeaders(headers) };
  if (type === 'handler') return { ...common, type, ...toHandler(destination) };
  return {
    ...common,
    type,
    topic: topic ?? '',
    key: key ?? 'ordering-key',
    headers: toTexts(headers),
    brokers: brokers ?? null,
    // A login is never in the clear.
    tls: tls === undefined && sasl === undefined ? null : toTls(tls),
    sasl: sasl === undefined ? null : { ...sasl, password: toSecretRef(sasl.password) },
  };
}

function toHeaders(given: GivenHeaders = {}): HttpDestinationConfig['headers'] {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : toSecretRef(value),
    ]),
  );
}

function toTls(given: DestinationEntry['tls'] = {}): NonNullable<KafkaDestinationConfig['tls']> {
  return {
    caFile: given.caFile ?? null,
    certFile: given.certFile ?? null,
    keyFile: given.keyFile ?? null,
  };
}

/** The cross-checks have refused secrets here. */
function toTexts(given: GivenHeaders = {}): KafkaDestinationConfig['headers'] {
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}

const DEFAULT_HANDLER_MEMORY_BYTES = 128 * 1_048_576;

type OfHandler = Pick<
  HandlerDestinationConfig,
  'module' | 'handler' | 'threads' | 'memoryBytes' | 'connections' | 'secrets' | 'settings'
>;

function toHandler(given: DestinationEntry): OfHandler {
  return {
    module: given.module ?? '',
    handler: given.handler ?? null,
    threads: given.threads ?? 1,
    memoryBytes: given.memory ?? DEFAULT_HANDLER_MEMORY_BYTES,
    connections: given.connections ?? 0,
    secrets: Object.fromEntries(
      Object.entries(given.secrets ?? {}).map(([name, ref]) => [name, toSecretRef(ref)]),
    ),
    settings: given.settings ?? {},
  };
}

/** The schema has made sure that one of the two is there. */
function toSecretRef(ref: {
  readonly env?: string | undefined;
  readonly file?: string | undefined;
}): SecretRef {
  return ref.env === undefined ? { file: ref.file ?? '' } : { env: ref.env };
}
