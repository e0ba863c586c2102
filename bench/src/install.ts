import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Thrown with the sentence that the report prints after "not measured". */
export class NotInstallable extends Error {}

export interface InstallCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** The largest peer compiles for minutes on a machine of two cores. */
const INSTALL_LIMIT_MS = 1_500_000;
const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;
const SHOWN_REASON_CHARS = 200;
/** Written last: a folder without it is half an installation. */
const MARK = '.installed';

/**
 * Copies `bench/peers/<name>` to a folder of the cache and runs the commands there, once for each content of the peer's
 * folder. Returns the folder. Throws NotInstallable with the last line of the command that failed.
 */
export async function installPeer(
  cacheDirectory: string,
  name: string,
  commands: readonly InstallCommand[],
): Promise<string> {
  const source = peerFolder(name);
  const target = join(cacheDirectory, `${name}-${fingerprint(source)}`);
  if (existsSync(join(target, MARK))) return target;
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  await cp(source, target, { recursive: true });
  for (const each of commands) await runInstall(each, target);
  await writeFile(join(target, MARK), '');
  return target;
}

export function peerFolder(name: string): string {
  return fileURLToPath(new URL(`../peers/${name}`, import.meta.url));
}

async function runInstall({ command, args, env }: InstallCommand, cwd: string): Promise<void> {
  try {
    await promisify(execFile)(command, args, {
      cwd,
      env: { ...process.env, ...env },
      timeout: INSTALL_LIMIT_MS,
      maxBuffer: MAX_OUTPUT_BYTES,
    });
  } catch (error) {
    throw new NotInstallable(`${command} ${args.join(' ')}: ${reasonOf(error)}`, { cause: error });
  }
}

function reasonOf(error: unknown): string {
  const { code, killed, stderr } = error as { code?: unknown; killed?: boolean; stderr?: string };
  if (code === 'ENOENT') return 'there is no such command';
  if (killed === true) return `not done after ${INSTALL_LIMIT_MS / 60_000} minutes`;
  const last = (stderr ?? '').trim().split('\n').at(-1) ?? '';
  return (last === '' ? String(code) : last).slice(0, SHOWN_REASON_CHARS);
}

function fingerprint(folder: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()) {
    if (!name.includes('.')) continue; // a folder
    hash
      .update(`${name}\0`)
      .update(readFileSync(join(folder, name)))
      .update('\0');
  }
  return hash.digest('hex').slice(0, 12);
}

/** The text that a program prints about itself, in one line; null where it can't be run. */
export async function versionLine(command: string, args: readonly string[]): Promise<string | null> {
  try {
    const { stdout, stderr } = await promisify(execFile)(command, args, { encoding: 'utf8' });
    return (stdout.trim() || stderr.trim()).split('\n')[0] ?? null;
  } catch {
    return null;
  }
}
