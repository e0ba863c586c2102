import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrate } from '@ackline/store/migrate';
import { type KafkaContainer, startKafka, startRedis } from '@ackline/testkit/containers';
import { createTestDatabase } from '@ackline/testkit/database';
import { type FakeReceiver, startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { freePort } from '@ackline/testkit/free-port';
import { type Prometheus, startPrometheus } from '@ackline/testkit/prometheus';
import { type SpawnedService, spawnService } from '@ackline/testkit/spawn-service';
import { startTcpProxy, type TcpProxy } from '@ackline/testkit/tcp-proxy';
import pg from 'pg';
import { TOKEN } from '../system.ts';
import { configText, HANDLER_MODULE, SOURCE_NAMES, type SourceName } from './alert-config.ts';

/** Small enough to be filled within seconds. */
const SPOOL_MAX = '1MiB';
const BREAKER_SECONDS = '2';

export interface StageOptions {
  /** Kafka and Redis in containers; else the inbox alone. */
  readonly servers: boolean;
  readonly prometheusPath: string;
  /** As Prometheus takes them. */
  readonly rules: string;
  readonly scrapeMs: number;
}

/** A service that can be killed and started again on its ports. */
export interface Restartable {
  readonly opsUrl: string;
  process(): SpawnedService;
  start(): Promise<void>;
}

/** A running ingress and processor, what they need, and a Prometheus that scrapes them. */
export interface AlertStage extends AsyncDisposable {
  readonly prometheus: Prometheus;
  readonly ingress: Restartable;
  readonly processor: Restartable;
  /** An ingress with a parent; it is not started. */
  readonly parent: Restartable;
  /** It is not started either. */
  readonly console: Restartable & { readonly url: string };
  readonly receivers: Readonly<Record<'receiver' | 'crm' | 'erp' | 'collector', FakeReceiver>>;
  /** How each service reaches its servers. */
  readonly links: {
    readonly ingressKafka: TcpProxy | null;
    readonly processorKafka: TcpProxy | null;
    readonly ingressPostgres: TcpProxy;
    readonly processorPostgres: TcpProxy;
  };
  readonly databaseUrl: string;
  /** Of the sources. */
  readonly token: string;
  readonly pool: pg.Pool;
  readonly baseUrl: string;
  readonly spoolDirectory: string;
  readonly secretFile: string;
  readonly moduleFile: string;
  /** The file of each service, with or without the source `early`. */
  readonly configPaths: Readonly<Record<'ingress' | 'processor', string>>;
  readonly writeConfig: (service: 'ingress' | 'processor', sources: readonly SourceName[]) => Promise<void>;
}

const main = (service: string) =>
  fileURLToPath(new URL(`../../../services/${service}/src/main.ts`, import.meta.url));

export async function startAlertStage(options: StageOptions): Promise<AlertStage> {
  await using opened = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'ackline-alerts-'));
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  const database = await createTestDatabase();
  opened.defer(() => database.close());
  await migrate(database.url);
  const pool = new pg.Pool({ connectionString: database.url, max: 4 });
  pool.on('error', () => undefined);
  opened.defer(() => pool.end());
  const servers = await startServers(options.servers, opened);
  const databasePort = Number(new URL(database.url).port);
  const links = {
    ingressKafka: servers.kafka?.ingress ?? null,
    processorKafka: servers.kafka?.processor ?? null,
    ingressPostgres: opened.use(await startTcpProxy({ port: databasePort })),
    processorPostgres: opened.use(await startTcpProxy({ port: databasePort })),
  };
  const receivers = {
    receiver: opened.use(await startFakeReceiver({ maxRequests: 1_000_000 })),
    crm: opened.use(await startFakeReceiver({ maxRequests: 1_000_000 })),
    erp: opened.use(await startFakeReceiver({ maxRequests: 1_000_000 })),
    /** Of traces. */
    collector: opened.use(await startFakeReceiver({ maxRequests: 1_000_000 })),
  };
  const spoolDirectory = join(directory, 'spool');
  const secretFile = join(directory, 'secret');
  await mkdir(spoolDirectory, { mode: 0o700 });
  await writeFile(secretFile, TOKEN);
  const moduleFile = join(directory, 'bot.ts');
  await writeFile(moduleFile, HANDLER_MODULE);
  const configPaths = {
    ingress: join(directory, 'ingress.yaml'),
    processor: join(directory, 'processor.yaml'),
  };
  const writeConfig = (service: 'ingress' | 'processor', sources: readonly SourceName[]) =>
    writeFile(configPaths[service], configText({ sources, receivers, secretFile, moduleFile }));
  await Promise.all([writeConfig('ingress', SOURCE_NAMES), writeConfig('processor', SOURCE_NAMES)]);

  const port = await freePort();
  const common = {
    ACKLINE_ENV: 'production',
    ALERT_TOKEN: TOKEN,
    LOG_LEVEL: 'INFO',
    HOST: '127.0.0.1',
    OPS_HOST: '127.0.0.1',
  };
  const ingress = await restartable('ingress', opened, {
    ...common,
    ...throughLink(links.ingressKafka),
    PORT: String(port),
    ACKLINE_CONFIG: configPaths.ingress,
    DATABASE_URL: throughPort(database.url, links.ingressPostgres.port),
    SPOOL_DIR: spoolDirectory,
    SPOOL_DURABILITY: 'ephemeral',
    SPOOL_MAX_BYTES: SPOOL_MAX,
    CIRCUIT_BREAKER_TIMEOUT: BREAKER_SECONDS,
    OTEL_EXPORTER_OTLP_ENDPOINT: receivers.collector.url,
    OTEL_TRACES_SAMPLER_ARG: '1',
    ...(servers.redisUrl === null ? {} : { REDIS_URL: servers.redisUrl }),
  });
  const processor = await restartable('processor', opened, {
    ...common,
    ...throughLink(links.processorKafka),
    ACKLINE_CONFIG: configPaths.processor,
    DATABASE_URL: throughPort(database.url, links.processorPostgres.port),
  });
  const parent = await restartable('ingress', opened, {
    ...common,
    ...throughLink(links.ingressKafka),
    PORT: String(await freePort()),
    ACKLINE_CONFIG: configPaths.ingress,
    DATABASE_URL: database.url,
    INGRESS_PROCESSES: '1',
  });
  const consolePort = await freePort();
  const operators = await restartable('console', opened, {
    ...common,
    ACKLINE_CONFIG: configPaths.processor,
    DATABASE_URL: database.url,
    CONSOLE_PORT: String(consolePort),
  });
  await Promise.all([ingress.start(), processor.start()]);
  const prometheus = opened.use(
    await startPrometheus({
      path: options.prometheusPath,
      rules: options.rules,
      scrapeMs: options.scrapeMs,
      jobs: {
        'ackline-ingress': [new URL(ingress.opsUrl).host],
        'ackline-processor': [new URL(processor.opsUrl).host],
        // Under another name: that it is not there is no fault.
        parent: [new URL(parent.opsUrl).host],
        console: [new URL(operators.opsUrl).host],
      },
    }),
  );
  const closing = opened.move();
  return {
    prometheus,
    ingress,
    processor,
    parent,
    console: { ...operators, url: `http://127.0.0.1:${consolePort}` },
    receivers,
    links,
    databaseUrl: database.url,
    token: TOKEN,
    pool,
    baseUrl: `http://127.0.0.1:${port}`,
    spoolDirectory,
    secretFile,
    moduleFile,
    configPaths,
    writeConfig,
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}

interface Servers {
  /** null: the inbox alone. */
  readonly kafka: { readonly ingress: TcpProxy; readonly processor: TcpProxy } | null;
  readonly redisUrl: string | null;
}

async function startServers(wanted: boolean, opened: AsyncDisposableStack): Promise<Servers> {
  if (!wanted) return { kafka: null, redisUrl: null };
  const [port, otherPort] = [await freePort(), await freePort()];
  const links = {
    ingress: opened.use(await startTcpProxy({ port })),
    processor: opened.use(await startTcpProxy({ port: otherPort })),
  };
  const otherWay = { port: otherPort, advertisedPort: links.processor.port };
  const [kafka, redis]: [KafkaContainer, { url: string } & AsyncDisposable] = await Promise.all([
    startKafka({}, { port, advertisedPort: links.ingress.port, otherWay }),
    startRedis(),
  ]);
  opened.use(kafka);
  opened.use(redis);
  return { kafka: links, redisUrl: redis.url };
}

function throughLink(link: TcpProxy | null): Record<string, string> {
  return link === null ? {} : { KAFKA_BROKERS: `localhost:${link.port}`, KAFKA_DURABILITY: 'single-node' };
}

async function restartable(
  service: string,
  opened: AsyncDisposableStack,
  env: Readonly<Record<string, string>>,
): Promise<Restartable> {
  const port = await freePort();
  const opsUrl = `http://127.0.0.1:${port}`;
  let current: SpawnedService | null = null;
  opened.defer(() => current?.[Symbol.asyncDispose]());
  return {
    opsUrl,
    process() {
      if (current === null) throw new Error(`${service} was not started`);
      return current;
    },
    async start() {
      current = await spawnService(main(service), {
        env: { ...env, OPS_PORT: String(port) },
        readyUrl: `${opsUrl}/readyz`,
      });
    },
  };
}

function throughPort(address: string, port: number): string {
  const url = new URL(address);
  url.port = String(port);
  return url.href;
}
