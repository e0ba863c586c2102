import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type FakeReceiver, startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { freePort } from '@ackline/testkit/free-port';
import { type OtlpReceiver, startOtlpReceiver } from '@ackline/testkit/otlp-receiver';
import { type SpawnedService, spawnService } from '@ackline/testkit/spawn-service';
import { startTcpProxy, type TcpProxy } from '@ackline/testkit/tcp-proxy';
import { waitFor } from '@ackline/testkit/wait-for';
import pg from 'pg';
import { runCli } from '../../src/cli.ts';
import { loadConfig } from '../../src/config.ts';
import { CANARY, type Sink } from './canary.ts';
import { PUBLIC_URL } from './requests.ts';

const SLOW = { timeoutMs: 60_000 };
/** All that a run logs at debug. */
const MAX_OUTPUT_CHARS = 64 * 1024 * 1024;

const mainOf = (service: string) =>
  fileURLToPath(new URL(`../../../../services/${service}/src/main.ts`, import.meta.url));

export interface CanaryOptions {
  readonly databaseUrl: string;
  /** Added to the environment of every service. */
  readonly env?: Readonly<Record<string, string>>;
  /** More destinations and routes, as items of YAML lists. */
  readonly destinations?: readonly string[];
  readonly routes?: readonly string[];
}

export interface CanaryIngress {
  readonly port: number;
  readonly service: SpawnedService;
}

/** One ingress with a spool and one without, a processor, and what they need; each tells all that it logs. */
export interface CanarySystem extends AsyncDisposable {
  /** With a spool. */
  readonly spooling: CanaryIngress;
  /** Its log is PostgreSQL (and Kafka) alone. */
  readonly bare: CanaryIngress;
  readonly processor: SpawnedService;
  /** Answers as its path says: see `destinationsOf`. */
  readonly receiver: FakeReceiver;
  /** Gets the spans of all services, each of them. */
  readonly collector: OtlpReceiver;
  /** Between the services and PostgreSQL. */
  readonly database: TcpProxy;
  /** Past the proxy. */
  readonly sql: pg.Client;
  readonly folder: string;
  /** What people and programs read; a test adds its own. */
  readonly sinks: Sink[];
  readonly config: string;
  putConfig(text: string): Promise<void>;
  /** Runs a command; its output is a sink. */
  cli(
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): Promise<{ exitCode: number; out: string; err: string }>;
  /** Keeps what a port answers now, as a sink. */
  look(name: string, url: string, headers?: Readonly<Record<string, string>>): Promise<string>;
  /** Resolves once a service has logged a line with this text. */
  untilLogged(service: SpawnedService, text: string): Promise<unknown>;
  readonly operations: Readonly<Record<'spooling' | 'bare' | 'processor', string>>;
}

export async function startCanarySystem(options: CanaryOptions): Promise<CanarySystem> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'ackline-canary-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const receiver = opened.use(await startFakeReceiver());
  answerByPath(receiver);
  const collector = opened.use(await startOtlpReceiver());
  const direct = new URL(options.databaseUrl);
  const database = opened.use(await startTcpProxy({ host: direct.hostname, port: Number(direct.port) }));
  const sql = new pg.Client({ connectionString: options.databaseUrl });
  await sql.connect();
  opened.defer(() => sql.end());
  const config = configText(receiver.url, options);
  const configFile = join(folder, 'ackline.yaml');
  await writeFile(configFile, config);

  const proxied = new URL(options.databaseUrl);
  proxied.hostname = '127.0.0.1';
  proxied.port = String(database.port);
  const env = {
    ACKLINE_CONFIG: configFile,
    ACKLINE_ENV: 'development',
    DATABASE_URL: proxied.href,
    HOST: '127.0.0.1',
    OPS_HOST: '127.0.0.1',
    LOG_LEVEL: 'DEBUG',
    CANARY_SECRET: CANARY.secret,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=${CANARY.secret}`,
    OTEL_TRACES_SAMPLER_ARG: '1',
    SIGNING: `whsec_${Buffer.from(`${CANARY.secret}${CANARY.secret}`).toString('base64')}`,
    ...options.env,
  };
  const start = async (name: string, extra: Readonly<Record<string, string>> = {}) => {
    const [port, opsPort] = [await freePort(), await freePort()];
    const operations = `http://127.0.0.1:${opsPort}`;
    const service = await spawnService(mainOf(name), {
      env: { ...env, PORT: String(port), OPS_PORT: String(opsPort), ...extra },
      readyUrl: `${operations}/readyz`,
      maxOutputChars: MAX_OUTPUT_CHARS,
    });
    opened.use(service);
    return { port, operations, service };
  };
  const spooling = await start('ingress', {
    SPOOL_DIR: join(folder, 'spool'),
    SPOOL_DURABILITY: 'ephemeral',
  });
  const bare = await start('ingress');
  const processor = await start('processor');

  const sinks: Sink[] = [
    { name: 'log of the ingress with a spool', read: () => spooling.service.output() },
    { name: 'log of the ingress without one', read: () => bare.service.output() },
    { name: 'log of the processor', read: () => processor.service.output() },
    {
      name: 'spans',
      read: () =>
        collector
          .spans()
          .map(span => JSON.stringify(span))
          .join('\n'),
    },
    {
      name: 'bytes of spans',
      read: () => collector.http.requests.map(({ body }) => body.toString()).join('\n'),
    },
  ];
  const keep = (name: string, text: string) => void sinks.push({ name, read: () => text });
  const resources = opened.move();
  return {
    spooling,
    bare,
    processor: processor.service,
    receiver,
    collector,
    database,
    sql,
    folder,
    sinks,
    config,
    operations: {
      spooling: spooling.operations,
      bare: bare.operations,
      processor: processor.operations,
    },
    putConfig: text => writeFile(configFile, text),
    async cli(args, extra = {}) {
      const [out, err]: [string[], string[]] = [[], []];
      const exitCode = await runCli(args, {
        terminal: {
          line: text => out.push(text),
          note: text => err.push(text),
          progress: text => err.push(text),
        },
        workingDirectory: folder,
        loadConfig: () => loadConfig({ ...env, DATABASE_URL: options.databaseUrl, ...extra }, folder),
      });
      keep(`ackline ${args.join(' ')}`.replaceAll(CANARY.secret, '(secret)'), [...out, ...err].join('\n'));
      return { exitCode, out: out.join('\n'), err: err.join('\n') };
    },
    async look(name, url, headers = {}) {
      const response = await fetch(url, { headers: { connection: 'close', ...headers } });
      const text = await response.text();
      keep(name, text);
      return text;
    },
    untilLogged: (service, text) => waitFor(() => service.output().includes(text), { ...SLOW, what: text }),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** Every answer holds the canaries too. */
function answerByPath(receiver: FakeReceiver): void {
  const body = JSON.stringify(CANARY);
  const headers = { 'x-answer': CANARY.header, 'content-type': CANARY.header };
  receiver.always(({ url }) => {
    if (url.startsWith('/slow')) return { hang: true };
    if (url.startsWith('/reset')) return { reset: true };
    if (url.startsWith('/gone')) return { status: 410, headers, body };
    if (url.startsWith('/refuses')) return { status: 422, headers, body };
    if (url.startsWith('/fails')) return { status: 503, headers, body };
    return { status: 200, headers, body };
  });
}

const HEADERS = ', headers: { x-api-key: { env: CANARY_SECRET } }';

function configText(receiverUrl: string, { destinations = [], routes = [] }: CanaryOptions): string {
  const tail = `/${CANARY.secret}?token=${CANARY.secret}&to=${encodeURIComponent(CANARY.phone)}`;
  const http = (name: string, url: string, more = '') =>
    `{ name: ${name}, type: http, url: '${url}', retry: { schedule: [10ms], jitter: none }${more} }`;
  const secret = 'secrets: [{ env: CANARY_SECRET }]';
  const lists = {
    sources: [
      `{ name: telegram, provider: telegram, path: /webhook/telegram, ${secret} }`,
      `{ name: whatsapp, provider: twilio, path: /webhook/whatsapp, ${secret} }`,
      `{ name: contacts, provider: respondio, path: /webhook/contacts, ${secret} }`,
      `{ name: limited, provider: telegram, path: /webhook/limited, ${secret}, limit: { max: 1, per: 60s, by: sender, over: reject } }`,
      `{ name: lossy, provider: telegram, path: /webhook/lossy, ${secret}, onUndurable: 200 }`,
    ],
    destinations: [
      http(
        'takes',
        `${receiverUrl}/takes${tail}`,
        `, signingSecret: { env: SIGNING }, forwardSecret: true, ordering: key${HEADERS}`,
      ),
      http('fails', `${receiverUrl}/fails${tail}`, ', breaker: { failures: 3, reset: 1h }'),
      http('refuses', `${receiverUrl}/refuses${tail}`, ', breaker: { failures: 1000 }'),
      http('slow', `${receiverUrl}/slow${tail}`, `, timeout: 300ms, breaker: { failures: 1000 }${HEADERS}`),
      http('resets', `${receiverUrl}/reset${tail}`, `, breaker: { failures: 1000 }${HEADERS}`),
      http('gone', `${receiverUrl}/gone${tail}`),
      http('nobody', `http://127.0.0.1:9${tail}`, `, breaker: { failures: 1000 }${HEADERS}`),
      http('nowhere', `http://nowhere.invalid${tail}`, ', breaker: { failures: 1000 }'),
      ...destinations,
    ],
    routes: [
      ...['takes', 'fails', 'refuses', 'slow', 'resets', 'gone', 'nobody', 'nowhere'].map(
        name => `{ name: to-${name}, destination: ${name} }`,
      ),
      `{ name: reshaped, destination: takes, match: { source: telegram }, transform: { jsonata: '$number(body.message.text) + body.message.contact.phone_number' } }`,
      ...routes,
    ],
  };
  return [
    `publicUrl: ${PUBLIC_URL}`,
    ...Object.entries(lists).map(
      ([name, items]) => `${name}:\n${items.map(item => `  - ${item}\n`).join('')}`,
    ),
  ].join('\n');
}
