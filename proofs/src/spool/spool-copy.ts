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

const OPEN_LIMIT_MS = 120_000;
const SPOOL_BYTES = 4 * 1024 ** 3;
const YEAR_MS = 31_536_000_000;
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** The database first, its log after it, as a copying that nothing holds up. */
export async function readImage(directory: string): Promise<SpoolImage> {
  const name = (await readdir(directory)).find(file => file.endsWith('.sqlite'));
  if (name === undefined) throw new Error(`no file of a spool in ${directory}`);
  const database = await readFile(join(directory, name));
  const log = await readFile(join(directory, `${name}-wal`));
  return { name, database, log };
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
      () => {
        const { corruptFiles, quarantined } = spool.snapshot();
        if (corruptFiles.length + quarantined > 0) return true;
        const { events, leftovers } = spool.snapshot();
        return events === 0 && leftovers === 0;
      },
      { timeoutMs: OPEN_LIMIT_MS, what: 'the relay to take all' },
    );
    const { corruptFiles, quarantined } = spool.snapshot();
    if (corruptFiles.length + quarantined > 0) {
      throw new Error(`${corruptFiles.length} files are told to be damaged, ${quarantined} rows set aside`);
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
