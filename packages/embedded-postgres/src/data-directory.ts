// The data directory, from nothing to one that a server can be started on.
//
// DD1. A directory at its place is complete: it is made aside and renamed, so a crash in between leaves nothing half done.
// DD2. What we did not make is never changed: another major version, a foreign directory, another user's are refused.
// DD3. The password exists only in a file of mode 0600 inside the directory, which has mode 0700.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError } from '@ackline/shared/app-error';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { postgresEnvironment } from './config.ts';
import { isRunning } from './process-table.ts';
import { makeVisible } from './visible-path.ts';

export const SUPERUSER = 'ackline';
/** The major version of the programs that this release brings. */
const POSTGRES_MAJOR = '17';
const PASSWORD_FILE = 'ackline-password';
const PASSWORD_BYTES = 32;
/** initdb takes under a second; on a small busy machine a minute was seen. */
const INITDB_LIMIT_MS = 300_000;
const ERROR_TAIL_CHARS = 1_000;

export interface PrepareOptions {
  readonly dataDir: string;
  readonly binaries: Binaries;
  readonly account: Account | null;
  readonly log: (message: string) => void;
}

/** Makes the directory if there is none, checks it if there is one, and returns the superuser's password. */
export async function prepareDataDirectory(options: PrepareOptions): Promise<string> {
  const { dataDir, account, log } = options;
  await mkdir(dirname(dataDir), { recursive: true });
  await removeUnfinished(dataDir);
  if (await isEmpty(dataDir)) {
    log(`making a PostgreSQL data directory in ${dataDir}`);
    await initialise(options);
  }
  await checkVersion(dataDir);
  if (account !== null) await giveFromRoot(dataDir, account, log);
  return readPassword(dataDir);
}

async function isEmpty(dataDir: string): Promise<boolean> {
  try {
    return (await readdir(dataDir)).length === 0;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return true;
    if (code === 'EACCES' || code === 'EPERM') throw await foreignOwnerError(dataDir, error);
    if (code === 'ENOTDIR')
      throw new AppError('ACKLINE_DATA_DIRECTORY', `${dataDir} is not a directory.`, { cause: error });
    throw error;
  }
}

async function foreignOwnerError(dataDir: string, cause: unknown): Promise<AppError> {
  const uid = (await stat(dataDir).catch(() => null))?.uid;
  const owner = uid === undefined ? 'another user' : `user id ${uid}`;
  return new AppError(
    'ACKLINE_DATA_DIRECTORY',
    `${dataDir} belongs to ${owner}: run as that user or as root, or give it to yourself with chown -R.`,
    { cause },
  );
}

async function checkVersion(dataDir: string): Promise<void> {
  const found = await readFile(join(dataDir, 'PG_VERSION'), 'utf8').catch(() => null);
  if (found === null) {
    throw new AppError(
      'ACKLINE_DATA_DIRECTORY',
      `${dataDir} is not empty, and is no PostgreSQL data directory. Choose another one, or empty it.`,
    );
  }
  if (found.trim() === POSTGRES_MAJOR) return;
  throw new AppError(
    'ACKLINE_DATA_DIRECTORY',
    `${dataDir} was made by PostgreSQL ${found.trim()}; this release brings ${POSTGRES_MAJOR}. With the release that made it run ` +
      '`ackline backup FILE`, move the directory away, and with this one run `ackline restore FILE`.',
  );
}

/** A copy made by root belongs to root, which PostgreSQL refuses. Anybody else's directory keeps its owner (DD2). */
async function giveFromRoot(
  dataDir: string,
  account: Account,
  log: (message: string) => void,
): Promise<void> {
  if ((await stat(dataDir)).uid === account.uid) return;
  log(`giving ${dataDir} to user id ${account.uid}, which runs PostgreSQL for root`);
  for (const entry of await readdir(dataDir, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) await chown(join(entry.parentPath, entry.name), account.uid, account.gid);
  }
  await chown(dataDir, account.uid, account.gid); // last: until then the next start does it again
}

async function readPassword(dataDir: string): Promise<string> {
  try {
    return (await readFile(join(dataDir, PASSWORD_FILE), 'utf8')).trim();
  } catch (cause) {
    throw new AppError(
      'ACKLINE_DATA_DIRECTORY',
      `${dataDir} has no readable ${PASSWORD_FILE}: it was not made by Ackline. Choose another directory, or set DATABASE_URL.`,
      { cause },
    );
  }
}

async function initialise(options: PrepareOptions): Promise<void> {
  const { dataDir, account } = options;
  const unfinished = `${dataDir}.init-${process.pid}`;
  const passwordFile = `${unfinished}.password`;
  try {
    await mkdir(unfinished, { mode: 0o700 });
    await writePassword(passwordFile, account);
    if (account !== null) await chown(unfinished, account.uid, account.gid);
    await runInitdb(options, unfinished, passwordFile);
    await rename(passwordFile, join(unfinished, PASSWORD_FILE));
    await syncDirectory(unfinished);
    await rename(unfinished, dataDir).catch(ignoreFinishedByOther); // (DD1)
    await syncDirectory(dirname(dataDir));
  } finally {
    await rm(unfinished, { recursive: true, force: true });
    await rm(passwordFile, { force: true });
  }
}

function ignoreFinishedByOther(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
}

async function writePassword(path: string, account: Account | null): Promise<void> {
  await using file = await open(path, 'wx', 0o600); // (DD3)
  await file.writeFile(`${randomBytes(PASSWORD_BYTES).toString('base64url')}\n`);
  if (account !== null) await file.chown(account.uid, account.gid);
  await file.sync();
}

/** A rename is durable once its directory is. Windows can't open one, and orders renames itself. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  await using directory = await open(path, 'r');
  await directory.sync();
}

async function runInitdb(options: PrepareOptions, directory: string, passwordFile: string): Promise<void> {
  const { binaries, account } = options;
  await using visible = await makeVisible([directory, passwordFile], account);
  const [dataPath = directory, passwordPath = passwordFile] = visible.paths;
  const args = [
    '-D',
    dataPath,
    `--pwfile=${passwordPath}`,
    `--username=${SUPERUSER}`,
    '--auth=scram-sha-256',
  ];
  args.push('--locale=C', '--encoding=UTF8', '--data-checksums', '--no-instructions');
  const problem = await runProgram(binaries.initdb, args, { account, descriptors: visible.descriptors });
  if (problem === null) return;
  throw new AppError('ACKLINE_DATA_DIRECTORY', `PostgreSQL could not make ${options.dataDir}: ${problem}`);
}

interface RunOptions {
  readonly account: Account | null;
  readonly descriptors: readonly number[];
}

/** Null, or why it failed. */
function runProgram(program: string, args: readonly string[], options: RunOptions): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const child = spawn(program, args, {
    ...options.account,
    cwd: dirname(program),
    env: postgresEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe', ...options.descriptors],
    timeout: INITDB_LIMIT_MS,
  });
  let tail = '';
  const collect = (chunk: Buffer): void => {
    tail = (tail + chunk.toString('utf8')).slice(-ERROR_TAIL_CHARS);
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  child.once('error', error => resolve(error.message));
  child.once('close', (code, signal) =>
    resolve(code === 0 ? null : `${signal ?? `exit ${code}`}: ${tail.trim()}`),
  );
  return promise;
}

/** What a crashed start left beside the directory. Another process may be at it right now: then it stays. */
async function removeUnfinished(dataDir: string): Promise<void> {
  const prefix = `${basename(dataDir)}.init-`;
  for (const name of await readdir(dirname(dataDir))) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number.parseInt(name.slice(prefix.length), 10);
    if (pid !== process.pid && (await isRunning(pid))) continue;
    await rm(join(dirname(dataDir), name), { recursive: true, force: true });
  }
}
