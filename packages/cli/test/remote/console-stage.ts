import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeMeta } from '@ackline/shared/envelope-codec';
import { seal } from '@ackline/shared/seal';
import { insertEvents } from '@ackline/store/events';
import { createPool } from '@ackline/store/pool';
import { inTransaction } from '@ackline/store/transaction';
import { createTestDatabase } from '@ackline/testkit/database';
import { freePort } from '@ackline/testkit/free-port';
import { type SpawnedService, spawnService } from '@ackline/testkit/spawn-service';
import { startTcpProxy, type TcpProxy } from '@ackline/testkit/tcp-proxy';
import type { Pool } from 'pg';
import { runCli } from '../../src/cli.ts';
import { loadConfig } from '../../src/config.ts';
import type { Keys } from '../../src/output/keys.ts';

const CONSOLE = fileURLToPath(new URL('../../../../services/console/src/main.ts', import.meta.url));
const CONFIG = `
publicUrl: https://hooks.example.com
sources: [{ name: telegram, provider: telegram, path: /webhook/telegram, secrets: [{ env: RED }] }]
destinations: [{ name: crm, type: http, url: 'http://127.0.0.1:9/' }]
routes: [{ name: all, destination: crm }]
`;

const TELEGRAM_SECRET = 'a-secret-of-telegram';

export interface EventWish {
  readonly id?: string;
  readonly source?: string;
  readonly type?: string;
  readonly orderingKey?: string | null;
  readonly headers?: readonly (readonly [string, string])[];
  readonly method?: string;
  readonly body?: string | Buffer;
}

export interface DeliveryWish {
  readonly source?: string;
  readonly tenant?: string;
  readonly destination?: string;
  readonly orderingKey?: string;
  /** The last attempt: its status, or its error. */
  readonly last?: Readonly<Record<string, unknown>>;
}

/** A console on a database of its own, behind a link that can be cut. */
export interface ConsoleStage extends AsyncDisposable {
  readonly pool: Pool;
  readonly databaseUrl: string;
  readonly folder: string;
  /** Through the link. */
  readonly url: string;
  readonly link: TcpProxy;
  /** Stores an event, as a processor does. Gives its id. */
  store(wish?: EventWish): Promise<string>;
  /** A delivery of an event of its own. Gives its id. */
  deliver(state: 'parked' | 'due', wish?: DeliveryWish): Promise<string>;
}

export async function startConsoleStage(
  env: Readonly<Record<string, string>> = {},
  config = CONFIG,
): Promise<ConsoleStage> {
  await using opened = new AsyncDisposableStack();
  const database = await createTestDatabase();
  opened.defer(() => database.close());
  const folder = await mkdtemp(join(tmpdir(), 'ackline-cli-console-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'ackline.yaml'), config);
  const [port, opsPort] = [await freePort(), await freePort()];
  const service: SpawnedService = await spawnService(CONSOLE, {
    env: {
      ACKLINE_ENV: 'development',
      ACKLINE_CONFIG: join(folder, 'ackline.yaml'),
      DATABASE_URL: database.url,
      CONSOLE_PORT: String(port),
      OPS_HOST: '127.0.0.1',
      OPS_PORT: String(opsPort),
      RED: TELEGRAM_SECRET,
      ...env,
    },
    readyUrl: `http://127.0.0.1:${opsPort}/readyz`,
  });
  opened.use(service);
  const link = opened.use(await startTcpProxy({ port }));
  const pool = createPool({
    connectionString: database.url,
    applicationName: 'cli-test',
    max: 3,
    limitMs: 60_000,
    onError: () => undefined,
  });
  opened.defer(() => pool.end());
  // A test that fails leaves its own behind.
  opened.defer(async () => {
    for (const cli of running) await cli.stop();
  });
  const resources = opened.move();
  return {
    pool,
    databaseUrl: database.url,
    folder,
    url: `http://127.0.0.1:${link.port}`,
    link,
    store: wish => storeEvent(pool, wish),
    deliver: (state, wish) => storeDelivery(pool, state, wish),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function storeEvent(pool: Pool, wish: EventWish = {}): Promise<string> {
  const {
    id = randomUUID(),
    source = 'telegram',
    type = 'message',
    orderingKey = null,
    method = 'POST',
  } = wish;
  const headers = wish.headers ?? [['Content-Type', 'application/json']];
  const facts = { id, source, tenant: 'default', provider: 'telegram', type, dedupKey: id, orderingKey };
  const common = { ...facts, occurredAt: null, receivedAt: Date.now(), priority: 'normal' as const };
  const url = `https://hooks.example.com/webhook/${source}?via=x`;
  const meta = encodeMeta({ ...common, method, url, headers, traceparent: null, notBefore: null });
  const row = { ...common, tier: 'inbox' as const, routing: 'unmatched' as const, keyId: seal(meta).keyId };
  await inTransaction(pool, client =>
    insertEvents(client, [{ ...row, meta, body: Buffer.from(wish.body ?? '{}') }]),
  );
  return id;
}

async function storeDelivery(pool: Pool, state: 'parked' | 'due', wish: DeliveryWish = {}): Promise<string> {
  const { source = 'telegram', tenant = 'default', destination = 'crm', orderingKey = null, last } = wish;
  const id = randomUUID();
  const event = await storeEvent(pool, { source, orderingKey });
  await pool.query(
    `insert into deliveries (id, stored_day, seq, event_id, source, tenant, route, destination, ordering_key, priority, state, tries,
                             attempts, finished_at, park_reason)
     select $1, stored_day, seq, id, source, $4, 'all', $5, $6, 'normal', $3, 2, $7,
            case when $3 = 'due' then null else now() end, 'exhausted'
       from events where id = $2`,
    [id, event, state, tenant, destination, orderingKey, JSON.stringify(last === undefined ? [] : [last])],
  );
  return id;
}

export interface RunningCli {
  readonly out: readonly string[];
  readonly err: readonly string[];
  readonly exit: Promise<number>;
  press(key: string): void;
  /** Ctrl-C. Gives the exit status. */
  stop(): Promise<number>;
}

const running = new Set<RunningCli>();

export interface CliWishes {
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly isTerminal?: boolean;
}

/** The command line, in this process. */
export function startCli(
  args: readonly string[],
  { folder, env = {}, isTerminal = false }: CliWishes,
): RunningCli {
  const out: string[] = [];
  const err: string[] = [];
  const stop = new AbortController();
  let onKey: (key: string) => void = () => undefined;
  const keys: Keys = {
    listen(handler) {
      onKey = handler;
      return () => {
        onKey = () => undefined;
      };
    },
  };
  const exit = runCli(args, {
    terminal: { line: text => out.push(text), note: text => err.push(text), progress: () => undefined },
    workingDirectory: folder,
    isTerminal,
    ...(isTerminal ? { keys } : {}),
    stop: () => stop.signal,
    loadConfig: () => loadConfig({ ACKLINE_DATA_DIR: join(folder, 'data'), ...env }, folder),
  });
  const cli: RunningCli = {
    out,
    err,
    exit,
    press: key => onKey(key),
    stop() {
      stop.abort();
      return exit;
    },
  };
  running.add(cli);
  void exit.finally(() => running.delete(cli));
  return cli;
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A command that asks the database of the stage, or with `--url` its console. */
export async function runCommand(
  { folder, databaseUrl }: ConsoleStage,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const cli = startCli(args, {
    folder,
    env: { DATABASE_URL: databaseUrl, ACKLINE_CONFIG: 'ackline.yaml', RED: TELEGRAM_SECRET, ...env },
  });
  const code = await cli.exit;
  return { code, out: cli.out.join('\n'), err: cli.err.join('\n') };
}

/** The same command, first by the database and then by the console. */
export async function bothWays(
  stage: ConsoleStage,
  args: readonly string[],
): Promise<[stored: Ran, remote: Ran]> {
  return [await runCommand(stage, args), await runCommand(stage, [...args, '--url', stage.url])];
}
