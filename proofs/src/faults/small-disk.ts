import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A file system of its own, small enough to be filled. */
export interface SmallDisk extends AsyncDisposable {
  readonly directory: string;
  fill(): Promise<void>;
  free(): Promise<void>;
}

const CHUNK = Buffer.alloc(4_096, 1);
/** Many times what the disk holds: a guard against filling anything else. */
const MAX_CHUNKS = 65_536;

/** ext4 in a file, mounted: needs root and a kernel that allows it. null: not here, and why. */
export async function mountSmallDisk(sizeMiB: number): Promise<SmallDisk | { readonly unavailable: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'ackline-disk-'));
  const image = join(folder, 'image');
  const directory = join(folder, 'disk');
  try {
    await mkdir(directory);
    await run('truncate', ['-s', `${sizeMiB}M`, image]);
    await run('mkfs.ext4', ['-q', '-m', '0', image]);
    await run('mount', ['-o', 'loop', image, directory]);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    return {
      unavailable: `no small disk can be mounted here: ${error instanceof Error ? error.message.split('\n')[0] : 'unknown'}`,
    };
  }
  const filler = join(directory, 'filler');
  return {
    directory,
    async fill() {
      const file = await open(filler, 'a');
      try {
        for (let count = 0; count < MAX_CHUNKS; count += 1) await file.write(CHUNK);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      } finally {
        await file.close();
      }
    },
    free: () => rm(filler, { force: true }),
    async [Symbol.asyncDispose]() {
      await run('umount', ['-l', directory]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
