import { closeSync, constants, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { access, readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { AppError } from '@ackline/shared/app-error';
import type { SpoolTrouble } from './spool-protocol.ts';
import { describeTrouble } from './spool-trouble.ts';

const FILE_NAME = /^spool-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.sqlite$/;
/** Only the owner reads what may hold personal data. */
const DIRECTORY_MODE = 0o700;

/** Filesystem types of `statfs` whose content ends with the machine's memory or with the container. */
const EPHEMERAL_TYPES: Readonly<Record<number, string>> = {
  0x01021994: 'tmpfs',
  0x858458f6: 'ramfs',
  0x794c7630: 'overlayfs',
};

/** What a file of the spool is called. Its id grows with time, so that names sort by age. */
export function spoolFileName(id: string): string {
  return `spool-${id}.sqlite`;
}

/** Throws ACKLINE_SPOOL_NOT_DURABLE for a filesystem that does not outlive the process, the pod or the machine's power. */
export function assertDurableFilesystem(directory: string, type: number): void {
  const name = EPHEMERAL_TYPES[type];
  if (name === undefined) return;
  throw new AppError(
    'ACKLINE_SPOOL_NOT_DURABLE',
    `SPOOL_DIR ${directory} is on ${name}, which does not outlive ${name === 'overlayfs' ? 'the container' : 'a restart of the machine'}: ` +
      'mount a persistent volume there, unset SPOOL_DIR, or declare SPOOL_DURABILITY=ephemeral',
  );
}

/** Makes the directory, 0700. What is between it and an existing parent is durable when it returns. */
export function makeSpoolDirectory(directory: string): void {
  const missing: string[] = [];
  for (let path = resolve(directory); !existsSync(path); path = dirname(path)) missing.unshift(path);
  // One by one: Node's recursive form tries for ever where a filesystem makes no directory (/proc).
  for (const path of missing) {
    makeDirectory(path);
    syncDirectory(dirname(path));
  }
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: DIRECTORY_MODE });
  } catch (error) {
    // A sibling was faster.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

/** (SP3) The names in it survive a power loss from now on. */
export function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * What is wrong with the directory as a place for files, or null. Throws ACKLINE_SPOOL_NOT_DURABLE by the filesystem that
 * it is on, or would be on.
 */
export async function prepareSpoolDirectory(
  directory: string,
  allowEphemeral: boolean,
): Promise<SpoolTrouble | null> {
  let trouble: SpoolTrouble | null = null;
  try {
    makeSpoolDirectory(directory);
    await access(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    trouble = describeTrouble(error);
  }
  if (!allowEphemeral) {
    const type = await filesystemType(resolve(directory));
    if (type !== null) assertDurableFilesystem(directory, type);
  }
  return trouble;
}

/** False where what is written there ends with the machine's memory or with the container. */
export async function isDurableStorage(directory: string): Promise<boolean> {
  const type = await filesystemType(resolve(directory));
  return type === null || EPHEMERAL_TYPES[type] === undefined;
}

/** Of the nearest directory above that is there; null where none answers. */
async function filesystemType(path: string): Promise<number | null> {
  try {
    return (await statfs(path)).type;
  } catch {
    const parent = dirname(path);
    return parent === path ? null : filesystemType(parent);
  }
}

/** The spool files in the directory, oldest first, with what each takes on disk. Opens none of them (SP2). */
export async function listSpoolFiles(directory: string): Promise<ReadonlyMap<string, number>> {
  const names = (await readdir(directory)).filter(name => FILE_NAME.test(name)).sort();
  const sizes = await Promise.all(
    names.map(async name => {
      const parts = await Promise.all([name, `${name}-wal`].map(part => sizeOf(join(directory, part))));
      return [name, parts.reduce((sum, bytes) => sum + bytes, 0)] as const;
    }),
  );
  return new Map(sizes);
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0, // gone since it was listed, or without a log of its own
  );
}
