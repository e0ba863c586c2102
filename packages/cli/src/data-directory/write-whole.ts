import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Owner only: what is written here holds secrets or event bodies. */
export const PRIVATE_MODE = 0o600;

/** Writes a private file whole or not at all: a crash leaves the old one. */
export async function writeFileWhole(path: string, text: string): Promise<void> {
  const partial = `${path}.partial-${process.pid}`;
  // Of a process that was killed, and had this id.
  await rm(partial, { force: true });
  try {
    const file = await open(partial, 'wx', PRIVATE_MODE);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** A rename is durable once the folder is. Windows can't open one, and does not need it. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
