import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What a handler may be made of. */
const SOURCE = /\.(?:m?[jt]s|json)$/;
/** A folder with more is looked at as far as this: a look must stay cheap. */
const MAX_FILES = 1_000;
const MAX_DEPTH = 8;

/**
 * Changes when a source in the module's folder does, or below it; what is installed (`node_modules`) and what is hidden is left out.
 * Never rejects: what can not be read shows when the module is loaded.
 */
export async function stampModule(module: string): Promise<string> {
  const hash = createHash('sha256');
  let left = MAX_FILES;

  async function addFile(path: string): Promise<void> {
    // Symbolic links are followed, so the swap of a ConfigMap's folder is a change too.
    const { ino, size, mtimeMs } = await stat(path);
    hash.update(`${path}/${ino}/${size}/${mtimeMs}\n`);
  }
  async function addFolder(folder: string, depth: number): Promise<void> {
    const entries = await readdir(folder, { withFileTypes: true });
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (left <= 0 || entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory() && depth < MAX_DEPTH) await ignoreMissing(addFolder(path, depth + 1));
      else if (SOURCE.test(entry.name)) {
        left -= 1;
        await ignoreMissing(addFile(path));
      }
    }
  }

  await ignoreMissing(addFile(module)); // first: it counts whatever else is in the folder
  await ignoreMissing(addFolder(dirname(module), 0));
  return hash.digest('base64url');
}

async function ignoreMissing(work: Promise<void>): Promise<void> {
  await work.catch(() => undefined);
}
