import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@ackline/testkit/free-port';
import { type SpawnedService, spawnService } from '@ackline/testkit/spawn-service';

/** The sources' secrets, and the destination's. */
export const TOKEN = 'proof-token-0123456789_abcdefghij';
export const TWILIO_AUTH_TOKEN = '0123456789abcdef0123456789abcdef';
export const RESPONDIO_KEY = 'cHJvb2Yta2V5LXRoYXQtbG9va3MtbGlrZS1iYXNlNjQ=';
export const SIGNING_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
export const PUBLIC_URL = 'https://hooks.example.com';
/** Of the destination: so many retries at most. */
export const RETRY_SCHEDULE = ['200ms', '1s', '5s', '5s', '5s'] as const;
const TELEGRAM_PATH = '/webhook/telegram';
const READ_LIMIT_MS = 5_000;
const LOSSY_PATH = '/webhook/lossy';
const QUIET_PATH = '/webhook/quiet';

export interface SystemOptions {
  readonly databaseUrl: string;
  /** null: the inbox alone. */
  readonly brokers: string | null;
  readonly receiverUrl: string;
  /** The event log's breaker: how long after it opened Kafka is tried again. */
  readonly breakerSeconds?: number;
  /** Instead of the sources and the destination that all other runs have. */
  readonly configText?: string;
  /** More of both services' environment; `directory` is for their files. */
  readonly envOf?: (directory: string) => Readonly<Record<string, string>>;
}

/** The two services as real processes, on one configuration. */
export interface System extends AsyncDisposable {
  /** Where the ingress listens; PUBLIC_URL is what providers call. */
  readonly baseUrl: string;
  readonly webhookUrl: string;
  /** The same for a source that answers 200 to what no log could take. */
  readonly lossyUrl: string;
  /** The same for one more source. */
  readonly quietUrl: string;
  readonly healthUrl: string;
  /** `untilReady: false`: resolves when the process runs. */
  startIngress(options?: { readonly untilReady?: boolean }): Promise<SpawnedService>;
  startProcessor(): Promise<SpawnedService>;
  /** Where it listens; each call needs a token. */
  startConsole(): Promise<string>;
  /** Prometheus text of the processor that was started last. */
  processorMetrics(): Promise<string>;
  /** Of every one that was started, in order. */
  allProcessorMetrics(): Promise<readonly string[]>;
  ingressMetrics(): Promise<string>;
}

const main = (service: string) =>
  fileURLToPath(new URL(`../../services/${service}/src/main.ts`, import.meta.url));

export async function createSystem(options: SystemOptions): Promise<System> {
  const directory = await mkdtemp(join(tmpdir(), 'ackline-proof-'));
  const configPath = join(directory, 'ackline.yaml');
  await writeFile(configPath, options.configText ?? configText(options.receiverUrl));
  const port = await freePort();
  const ingressOps = await freePort();
  const processorOps: number[] = [];
  const running = new Set<SpawnedService>();
  const env = {
    ACKLINE_ENV: 'production',
    ACKLINE_CONFIG: configPath,
    DATABASE_URL: options.databaseUrl,
    PROOF_TOKEN: TOKEN,
    PROOF_TWILIO: TWILIO_AUTH_TOKEN,
    PROOF_RESPONDIO: RESPONDIO_KEY,
    PROOF_SIGNING: SIGNING_SECRET,
    LOG_LEVEL: 'WARNING',
    HOST: '127.0.0.1',
    OPS_HOST: '127.0.0.1',
    CIRCUIT_BREAKER_TIMEOUT: String(options.breakerSeconds ?? 60),
    ...(options.brokers === null ? {} : { KAFKA_BROKERS: options.brokers, KAFKA_DURABILITY: 'single-node' }),
    ...options.envOf?.(directory),
  };

  async function start(
    service: string,
    ops: number,
    { untilReady = true, ...extra }: { untilReady?: boolean; PORT?: string; CONSOLE_PORT?: string },
  ): Promise<SpawnedService> {
    const spawned = await spawnService(main(service), {
      env: { ...env, ...extra, OPS_PORT: String(ops) },
      cwd: directory,
      ...(untilReady ? { readyUrl: `http://127.0.0.1:${ops}/readyz` } : {}),
    });
    running.add(spawned);
    return spawned;
  }

  return {
    baseUrl: `http://127.0.0.1:${port}`,
    webhookUrl: `http://127.0.0.1:${port}${TELEGRAM_PATH}`,
    healthUrl: `http://127.0.0.1:${port}/health`,
    lossyUrl: `http://127.0.0.1:${port}${LOSSY_PATH}`,
    quietUrl: `http://127.0.0.1:${port}${QUIET_PATH}`,
    startIngress: (how = {}) => start('ingress', ingressOps, { ...how, PORT: String(port) }),
    async startProcessor() {
      const ops = await freePort();
      processorOps.push(ops);
      return start('processor', ops, {});
    },
    async startConsole() {
      const consolePort = await freePort();
      await start('console', await freePort(), { CONSOLE_PORT: String(consolePort) });
      return `http://127.0.0.1:${consolePort}`;
    },
    processorMetrics: () => readText(metricsUrl(processorOps.at(-1) ?? 0)),
    allProcessorMetrics: () => Promise.all(processorOps.map(ops => readText(metricsUrl(ops)))),
    ingressMetrics: () => readText(metricsUrl(ingressOps)),
    async [Symbol.asyncDispose]() {
      await Promise.all([...running].map(service => service[Symbol.asyncDispose]()));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const metricsUrl = (ops: number) => `http://127.0.0.1:${ops}/metrics`;

async function readText(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(READ_LIMIT_MS) });
  return response.text();
}

function configText(receiverUrl: string): string {
  return `
publicUrl: ${PUBLIC_URL}
sources:
  - name: telegram
    provider: telegram
    path: ${TELEGRAM_PATH}
    secrets: [{ env: PROOF_TOKEN }]
  - name: lossy
    provider: telegram
    path: ${LOSSY_PATH}
    onUndurable: 200
    secrets: [{ env: PROOF_TOKEN }]
  - name: quiet
    provider: telegram
    path: ${QUIET_PATH}
    secrets: [{ env: PROOF_TOKEN }]
  - name: whatsapp
    provider: twilio
    path: /webhook/whatsapp
    secrets: [{ env: PROOF_TWILIO }]
  - name: faster
    provider: respondio
    path: /webhook/faster/incoming
    secrets: [{ env: PROOF_RESPONDIO }]
routes:
  - name: all
    destination: receiver
destinations:
  - name: receiver
    type: http
    url: ${receiverUrl}
    concurrency: 50
    timeout: 5s
    retry: { schedule: [${RETRY_SCHEDULE.join(', ')}], jitter: full }
    ordering: key
    signingSecret: { env: PROOF_SIGNING }
`;
}
