import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openSpool } from '@ackline/eventlog/spool/spool';
import { startSpoolRelay } from '@ackline/eventlog/spool/spool-relay';
import { waitFor } from '@ackline/testkit/wait-for';

/** The files of a spool at one moment: one database and its write-ahead log. */
export interface SpoolImage {
  readonly name: string;
  readonly database: Buffer;
  readonly log: Buffer;
}

/** What a directory without a file comes to: a spool removes a file that is drained, before it makes another. */
const NO_FILE: SpoolImage = {
  name: 'spool-00000000-0000-0000-0000-000000000000.sqlite',
  database: Buffer.alloc(0),
  log: Buffer.alloc(0),
};
const STOP_LIMIT_MS = 60_000;
const OPEN_LIMIT_MS = 120_000;
const SPOOL_BYTES = 4 * 1024 ** 3;
const YEAR_MS = 31_536_000_000;
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** The database first, its log after it, as a copying that nothing holds up. */
export async function readImage(directory: string): Promise<SpoolImage> {
  const name = await nameIn(directory);
  if (name === null) return NO_FILE;
  const database = await readFile(join(directory, name));
  return { name, database, log: await readLog(directory, name) };
}

/** Of a process that is told to stop: the image that two readings in a row agree on, and what was told between the two. */
export async function readStill<T>(
  directory: string,
  tell: () => T,
): Promise<{ readonly image: SpoolImage; readonly between: T }> {
  return waitFor(
    async () => {
      const image = await readImage(directory);
      const between = tell();
      return isSame(image, await readImage(directory)) ? { image, between } : null;
    },
    { timeoutMs: STOP_LIMIT_MS, what: 'the files of a stopped process to be at rest' },
  );
}

function isSame(one: SpoolImage, other: SpoolImage): boolean {
  return one.name === other.name && one.database.equals(other.database) && one.log.equals(other.log);
}

/** See `saltOf`. */
export async function readSalt(directory: string): Promise<string> {
  const name = await nameIn(directory);
  return name === null ? '' : saltOf(await readLog(directory, name));
}

async function nameIn(directory: string): Promise<string | null> {
  return (await readdir(directory)).find(isDatabase) ?? null;
}

function isDatabase(file: string): boolean {
  return file.endsWith('.sqlite');
}

/** Empty where SQLite has not made one yet. */
async function readLog(directory: string, name: string): Promise<Buffer> {
  const names = await readdir(directory);
  return names.includes(`${name}-wal`) ? readFile(join(directory, `${name}-wal`)) : Buffer.alloc(0);
}

/** What Ackline's own relay finds in it. Throws where the file is told to be damaged. */
export async function relayImage(folder: string, image: SpoolImage): Promise<ReadonlySet<string>> {
  const directory = join(folder, 'copy');
  await mkdir(directory);
  try {
    await writeFile(join(directory, image.name), image.database);
    await writeFile(join(directory, `${image.name}-wal`), image.log);
    return await relayDirectory(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The same for a directory that a killed process left; its files are taken. */
export async function relayDirectory(directory: string): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const spool = await openSpool({
    directory,
    maxBytes: SPOOL_BYTES,
    maxAgeMs: YEAR_MS,
    allowEphemeral: true,
    log: silent,
  });
  const target = {
    isOpen: true,
    append(event: { readonly id: string }) {
      found.add(event.id);
      return Promise.resolve({ tier: 'inbox' as const });
    },
  };
  const relay = startSpoolRelay(spool, target, { log: silent });
  try {
    await waitFor(
      async () => {
        const { corruptFiles, quarantined } = spool.snapshot();
        if (corruptFiles.length + quarantined > 0) return true;
        // Not its own figures: it has none before it first looked, and a start does not wait for a slow disk.
        return !(await readdir(directory)).some(isDatabase);
      },
      { timeoutMs: OPEN_LIMIT_MS, what: 'the relay to take all' },
    );
    const { corruptFiles, quarantined } = spool.snapshot();
    if (corruptFiles.length + quarantined > 0) {
      throw new Error(`${corruptFiles.length} files are told to be damaged, ${quarantined} rows quarantined`);
    }
  } finally {
    await relay.close();
    await spool.close();
  }
  return found;
}

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const SALT = { from: 16, to: 24 } as const;
const FRAME_SALT = { from: 8, to: 16 } as const;

/** Two logs of one generation have the same salt: between them the log was not begun anew. */
export function saltOf(log: Buffer): string {
  return log.subarray(SALT.from, SALT.to).toString('hex');
}

/** Where the frames end that belong to the log's generation. */
export function endOfLog(log: Buffer): number {
  if (log.length < HEADER_BYTES) return log.length;
  const frameBytes = FRAME_HEADER_BYTES + log.readUInt32BE(8);
  const salt = saltOf(log);
  let end = HEADER_BYTES;
  while (
    end + frameBytes <= log.length &&
    log.subarray(end + FRAME_SALT.from, end + FRAME_SALT.to).toString('hex') === salt
  ) {
    end += frameBytes;
  }
  return end;
}
