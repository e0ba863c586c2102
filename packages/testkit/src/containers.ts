// The real servers, in containers, with the faults that tests inject.
//
// Every server has a fixed host port: a random one changes when a killed container starts again, and Kafka must know its
// address before it starts. @testcontainers/kafka knows Confluent's image only, hence the generic container.
import { connect } from 'node:net';
import { GenericContainer, getContainerRuntimeClient, type StartedTestContainer, Wait } from 'testcontainers';
import { IMAGES, RUN_LABEL, RUN_VARIABLE } from './container-settings.ts';
import { freePort } from './free-port.ts';
import type { LimitedVolume } from './limited-volume.ts';
import { waitFor } from './wait-for.ts';

/** A server in a container of its own. Disposal removes it. */
export interface ServerContainer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** SIGKILL: the process is gone, its files stay. */
  kill(): Promise<void>;
  /** Starts it again after `kill`, or after its own end, on the same port; resolves when the port opens. */
  start(): Promise<void>;
  /** Freezes it: connections stay open, nothing is answered. */
  pause(): Promise<void>;
  unpause(): Promise<void>;
}

export interface KafkaContainer extends ServerContainer {
  /** As KAFKA_BROKERS takes it. */
  readonly brokers: string;
  /** Where other brokers find its controller. */
  readonly controller: string;
}

export interface UrlContainer extends ServerContainer {
  readonly url: string;
}

export interface PostgresContainer extends UrlContainer {
  /** Runs a script of bash beside the server, as its user; rejects with what it said where it fails. */
  run(script: string): Promise<void>;
}

/** A broker takes 4 s of CPU to start; on a busy machine of two cores minutes were seen. */
const STARTUP_LIMIT_MS = 300_000;
const PASSWORD = 'test-only';

export interface ServerOptions {
  /** The host's port; a free one where none is given. */
  readonly port?: number;
  /** Where the server keeps its files: a disk that can be filled. */
  readonly volume?: LimitedVolume;
}

export interface KafkaOptions extends ServerOptions {
  /** The port that clients are told: that of a proxy before the broker. Default: the broker's own. */
  readonly advertisedPort?: number;
  /** A second way to the broker: who comes by it is told to stay on it. */
  readonly otherWay?: { readonly port: number; readonly advertisedPort: number };
  /** The second broker of this one's cluster. Each leads partitions of its own: they don't reach each other to copy any. */
  readonly joins?: KafkaContainer;
  /** More of the container's ports, each with that of the host. */
  readonly ports?: readonly { readonly container: number; readonly host: number }[];
  /** By their paths in the container. */
  readonly files?: Readonly<Record<string, string>>;
}

/** One broker, its own controller. Topics get one replica; nothing is created automatically. */
export async function startKafka(
  env: Readonly<Record<string, string>> = {},
  options: KafkaOptions = {},
): Promise<KafkaContainer> {
  const port = options.port ?? (await freePort());
  const { advertisedPort = port, otherWay } = options;
  const container = new GenericContainer(IMAGES.kafka)
    .withBindMounts(mounts(options))
    .withExposedPorts(
      { container: 9094, host: port },
      ...(otherWay === undefined ? [] : [{ container: 9095, host: otherWay.port }]),
      ...(options.ports ?? []),
    )
    .withCopyContentToContainer(
      Object.entries(options.files ?? {}).map(([target, content]) => ({ target, content })),
    )
    .withEnvironment({
      CLUSTER_ID: '4L6g3nShT-eMCtK--X86sw',
      KAFKA_NODE_ID: '1',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_LISTENERS: 'CONTROLLER://:9093,EXTERNAL://:9094',
      KAFKA_ADVERTISED_LISTENERS: `EXTERNAL://localhost:${advertisedPort}`,
      KAFKA_INTER_BROKER_LISTENER_NAME: 'EXTERNAL',
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'EXTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
      ...(options.volume === undefined ? {} : { KAFKA_LOG_DIRS: DATA_FOLDER }),
      ...(options.joins === undefined ? {} : secondOf(options.joins)),
      ...(otherWay === undefined ? {} : twoWays(advertisedPort, otherWay.advertisedPort)),
      ...env,
    })
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
    .withLabels(labels())
    .withStartupTimeout(STARTUP_LIMIT_MS);
  const started = await container.start();
  return {
    ...describe(started, port),
    brokers: `localhost:${advertisedPort}`,
    controller: `1@${started.getIpAddress('bridge')}:9093`,
  };
}

function secondOf({ controller }: KafkaContainer): Record<string, string> {
  return {
    KAFKA_NODE_ID: '2',
    KAFKA_PROCESS_ROLES: 'broker',
    KAFKA_CONTROLLER_QUORUM_VOTERS: controller,
    KAFKA_LISTENERS: 'EXTERNAL://:9094',
  };
}

function twoWays(port: number, otherPort: number): Record<string, string> {
  return {
    KAFKA_LISTENERS: 'CONTROLLER://:9093,EXTERNAL://:9094,OTHER://:9095',
    KAFKA_ADVERTISED_LISTENERS: `EXTERNAL://localhost:${port},OTHER://localhost:${otherPort}`,
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'EXTERNAL:PLAINTEXT,OTHER:PLAINTEXT,CONTROLLER:PLAINTEXT',
  };
}

export async function startPostgres(options: ServerOptions = {}): Promise<PostgresContainer> {
  const port = options.port ?? (await freePort());
  const container = new GenericContainer(IMAGES.postgres)
    .withBindMounts(mounts(options))
    .withExposedPorts({ container: 5432, host: port })
    .withEnvironment({
      POSTGRES_USER: 'ackline',
      POSTGRES_PASSWORD: PASSWORD,
      POSTGRES_DB: 'ackline',
      ...(options.volume === undefined ? {} : { PGDATA: DATA_FOLDER }),
    })
    .withCommand(['postgres', '-c', 'max_connections=200'])
    // The first time it says so while the database is being made.
    .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/, 2))
    .withLabels(labels())
    .withStartupTimeout(STARTUP_LIMIT_MS);
  const url = `postgres://ackline:${PASSWORD}@localhost:${port}/ackline`;
  const started = await container.start();
  return { ...describe(started, port), url, run: script => runAsPostgres(started, script) };
}

/** The tools of PostgreSQL are on its path. */
async function runAsPostgres(container: StartedTestContainer, script: string): Promise<void> {
  const command = `PATH=$PATH:/usr/lib/postgresql/17/bin; set -e; ${script}`;
  const { exitCode, output } = await container.exec(['bash', '-c', command], { user: 'postgres' });
  if (exitCode !== 0) throw new Error(`${exitCode} of ${script}: ${output}`);
}

export async function startRedis(): Promise<UrlContainer> {
  const port = await freePort();
  const container = new GenericContainer(IMAGES.redis)
    .withExposedPorts({ container: 6379, host: port })
    .withCommand(['redis-server', '--requirepass', PASSWORD])
    .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
    .withLabels(labels())
    .withStartupTimeout(STARTUP_LIMIT_MS);
  return { ...describe(await container.start(), port), url: `redis://:${PASSWORD}@localhost:${port}` };
}

const VOLUME_FOLDER = '/ackline-volume';
const DATA_FOLDER = `${VOLUME_FOLDER}/data`;

function mounts({ volume }: ServerOptions): { source: string; target: string }[] {
  return volume === undefined ? [] : [{ source: volume.name, target: VOLUME_FOLDER }];
}

function labels(): Record<string, string> {
  return { [RUN_LABEL]: process.env[RUN_VARIABLE] ?? String(process.pid) };
}

function describe(container: StartedTestContainer, port: number): ServerContainer {
  const docker = async () => (await getContainerRuntimeClient()).container.getById(container.getId());
  return {
    host: 'localhost',
    port,
    async kill() {
      await (await docker()).kill();
    },
    async start() {
      await (await docker()).start().catch(ignoreRunning);
      await waitFor(() => opens(port), { timeoutMs: STARTUP_LIMIT_MS, what: `port ${port} to open again` });
    },
    async pause() {
      const server = await docker();
      // The kernel gives up on a process that is deep in a write at that moment.
      await waitFor(() => server.pause().then(() => true), {
        timeoutMs: PAUSE_LIMIT_MS,
        what: 'the container to freeze',
      });
    },
    async unpause() {
      await (await docker()).unpause();
    },
    async [Symbol.asyncDispose]() {
      await (await docker()).remove({ force: true, v: true });
    },
  };
}

const PAUSE_LIMIT_MS = 20_000;
const HTTP_NOT_MODIFIED = 304;

function ignoreRunning(error: Error & { readonly statusCode?: number }): void {
  if (error.statusCode !== HTTP_NOT_MODIFIED) throw error;
}

/** Docker's own proxy may take a connection before the server does, and then cuts it: only one that stays counts. */
function opens(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, '127.0.0.1');
  const settle = (isOpen: boolean): void => {
    socket.destroy();
    resolve(isOpen);
  };
  socket.once('error', () => settle(false));
  socket.once('close', () => settle(false));
  socket.once('connect', () => socket.setTimeout(STAYS_OPEN_MS, () => settle(true)));
  return promise;
}

const STAYS_OPEN_MS = 200;
