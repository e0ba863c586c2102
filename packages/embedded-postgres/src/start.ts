// One PostgreSQL server of our own, as a child process.
//
// PS1. What an ack depends on is on the command line, where no file and no ALTER SYSTEM can undo it: fsync,
//      full_page_writes, synchronous_commit.
// PS2. It listens on loopback only, asks for a password, and has no Unix socket.
// PS3. It is in a process group of its own: Ctrl-C in a terminal ends us first, and us alone; we end it when all is drained.
// PS4. If we are killed it lives on, and the next start stops it (postmaster.ts).
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@ackline/shared/app-error';
import { type Account, chooseAccount } from './account.ts';
import { type Binaries, prepareBinaries } from './binaries.ts';
import { postgresEnvironment } from './config.ts';
import { prepareDataDirectory, SUPERUSER } from './data-directory.ts';
import { checkPort, findFreePort } from './port.ts';
import { HOLDER_SETTING, readPostmasterFile, releaseDataDirectory, shutDown } from './postmaster.ts';
import { openServerLog, type ServerLog } from './server-log.ts';
import { makeVisible } from './visible-path.ts';

export interface EmbeddedPostgresOptions {
  /** Made if it does not exist. The server's log goes beside it, to postgres.log. */
  readonly dataDir: string;
  /** 0 or nothing: a free one is chosen at each start. */
  readonly port?: number;
  /** Told in whole sentences what takes time or is out of the ordinary. */
  readonly log: (message: string) => void;
}

export interface ServerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface EmbeddedPostgres {
  /** With the password in it: not for logs. */
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  readonly pid: number;
  /** Resolves when the server ends, asked to or not. */
  readonly exited: Promise<ServerExit>;
  /** Ends all connections, writes a checkpoint, and resolves when the process is gone. May be called more than once. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
/** Ingress 5 each, a processor 50, the console 5, and as much again for tests and tools: cheap while they are idle. */
const MAX_CONNECTIONS = 200;
/**
 * A statement that looks through all days (a list of events, a replay of something finished) locks each partition with its
 * indexes, and days are kept: with the default of 64, forty such statements at once ran out of room at 180 days. Four times as
 * much was enough at 365, for some 15 MB of memory.
 */
const MAX_LOCKS_PER_TRANSACTION = 256;
/** Small enough for a laptop, enough for the working set of a single box. */
const SHARED_BUFFERS = '128MB';
/** Recovery after a crash replays up to max_wal_size; on a slow disk that takes minutes. */
const START_LIMIT_MS = 300_000;
const POLL_MS = 25;
/** A killed server's children keep its shared memory for a moment, and a free port may be taken: try again. */
const MAX_ATTEMPTS = 20;
const ATTEMPT_PAUSE_MS = 500;

/**
 * Starts a server on `dataDir`, made if need be, and resolves when it takes connections.
 * Throws ACKLINE_DATA_DIRECTORY (in use, of another version, of another user), ACKLINE_PORT_IN_USE, or
 * ACKLINE_EMBEDDED_POSTGRES (no programs for this platform, or they do not start).
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { log } = options;
  const dataDir = resolve(options.dataDir);
  const account = await chooseAccount(dataDir);
  const binaries = await prepareBinaries(account, log);
  const password = await prepareDataDirectory({ dataDir, binaries, account, log });
  const serverLog = openServerLog(join(dirname(dataDir), 'postgres.log'), log);
  try {
    for (let attempt = 1; ; attempt++) {
      await releaseDataDirectory(dataDir, log);
      const port = options.port || (await findFreePort());
      if (options.port) await checkPort(port);
      const child = await spawnServer({ dataDir, binaries, account, port, serverLog });
      const exited = watchExit(child);
      const failure = await untilReady(child, dataDir, serverLog);
      if (failure === null) return describeServer({ child, exited, dataDir, port, password, serverLog });
      if (attempt >= MAX_ATTEMPTS || !mayPass(failure)) throw startError(failure);
      await delay(ATTEMPT_PAUSE_MS);
    }
  } catch (error) {
    serverLog.close();
    throw error;
  }
}

interface SpawnOptions {
  readonly dataDir: string;
  readonly binaries: Binaries;
  readonly account: Account | null;
  readonly port: number;
  readonly serverLog: ServerLog;
}

async function spawnServer(options: SpawnOptions): Promise<ChildProcess> {
  await using visible = await makeVisible([options.dataDir], options.account);
  const settings = [
    `listen_addresses=${HOST}`, // (PS2)
    `port=${options.port}`,
    'unix_socket_directories=',
    'password_encryption=scram-sha-256',
    'fsync=on', // (PS1)
    'full_page_writes=on',
    'synchronous_commit=on',
    `max_connections=${MAX_CONNECTIONS}`,
    `max_locks_per_transaction=${MAX_LOCKS_PER_TRANSACTION}`,
    `shared_buffers=${SHARED_BUFFERS}`,
    'logging_collector=off', // its output comes to us, and is bounded here
    'log_destination=stderr',
    'lc_messages=C',
    `${HOLDER_SETTING}=${process.pid}`,
  ];
  const args = ['-D', visible.paths[0] ?? options.dataDir, ...settings.flatMap(setting => ['-c', setting])];
  const child = spawn(options.binaries.postgres, args, {
    ...options.account,
    cwd: dirname(options.binaries.postgres),
    env: postgresEnvironment(),
    detached: true, // (PS3)
    stdio: ['ignore', 'pipe', 'pipe', ...visible.descriptors],
  });
  child.stdout?.on('data', (chunk: Buffer) => options.serverLog.write(chunk));
  child.stderr?.on('data', (chunk: Buffer) => options.serverLog.write(chunk));
  try {
    await once(child, 'spawn');
  } catch (cause) {
    throw new AppError(
      'ACKLINE_EMBEDDED_POSTGRES',
      `PostgreSQL does not start: ${(cause as Error).message}`,
      { cause },
    );
  }
  return child;
}

function watchExit(child: ChildProcess): Promise<ServerExit> {
  const { promise, resolve: settle } = Promise.withResolvers<ServerExit>();
  child.once('close', (code, signal) => settle({ code, signal }));
  return promise;
}

/** Null when it takes connections, else its last words. */
async function untilReady(
  child: ChildProcess,
  dataDir: string,
  serverLog: ServerLog,
): Promise<string | null> {
  const deadline = performance.now() + START_LIMIT_MS;
  while (child.exitCode === null && child.signalCode === null) {
    const file = await readPostmasterFile(dataDir);
    if (file?.pid === child.pid && file?.ready === true) return null;
    if (performance.now() > deadline) {
      await shutDown(child.pid ?? 0);
      return `not ready after ${START_LIMIT_MS / 1_000} s`;
    }
    await delay(POLL_MS);
  }
  return serverLog.tail();
}

/** Reasons that are gone by themselves, or that the next look at the directory explains better. */
function mayPass(failure: string): boolean {
  return /pre-existing shared memory block|lock file "postmaster\.pid"|could not bind|Address already in use/.test(
    failure,
  );
}

function startError(failure: string): AppError {
  return new AppError('ACKLINE_EMBEDDED_POSTGRES', `PostgreSQL does not start. Its last words: ${failure}`);
}

interface RunningServer {
  readonly child: ChildProcess;
  readonly exited: Promise<ServerExit>;
  readonly dataDir: string;
  readonly port: number;
  readonly password: string;
  readonly serverLog: ServerLog;
}

function describeServer(server: RunningServer): EmbeddedPostgres {
  const { child, dataDir, port, serverLog } = server;
  const pid = child.pid ?? 0;
  const exited = server.exited.finally(() => serverLog.close());
  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) await shutDown(pid);
    await exited;
  };
  return {
    url: `postgres://${SUPERUSER}:${server.password}@${HOST}:${port}/postgres`,
    port,
    dataDir,
    pid,
    exited,
    stop: () => (stopping ??= stop()),
  };
}
