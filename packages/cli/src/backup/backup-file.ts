import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pipeline as pipe } from 'node:stream';
import { createZstdCompress, createZstdDecompress } from 'node:zlib';
import { AppError } from '@ackline/shared/app-error';
import { PRIVATE_MODE, syncFolder } from '../data-directory/write-whole.ts';
import { type BackupRecord, decodeRecords, encodeRecords, invalid, MAGIC } from './backup-format.ts';

/** What a disk or a folder refuses a file with; the database's errors have other codes. */
const FILE_CODES: ReadonlySet<unknown> = new Set([
  'EACCES',
  'EDQUOT',
  'EFBIG',
  'EIO',
  'EISDIR',
  'ENAMETOOLONG',
  'ENOENT',
  'ENOSPC',
  'ENOTDIR',
  'EPERM',
  'EROFS',
]);

/**
 * Writes the records to `path`: private, whole or not at all. A file of that name is replaced only once the new one is safe
 * on disk. Resolves with its size in bytes. Rejects with ACKLINE_BACKUP_NOT_WRITTEN where the path can not be written.
 */
export async function writeBackupFile(path: string, records: AsyncIterable<BackupRecord>): Promise<number> {
  try {
    return await writeWhole(path, records);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (!FILE_CODES.has(code)) throw error;
    throw new AppError('ACKLINE_BACKUP_NOT_WRITTEN', `${path} can not be written (${String(code)})`, {
      cause: error,
    });
  }
}

async function writeWhole(path: string, records: AsyncIterable<BackupRecord>): Promise<number> {
  const partial = `${path}.partial-${process.pid}`;
  await rm(partial, { force: true });
  const file = await open(partial, 'wx', PRIVATE_MODE);
  try {
    await file.write(MAGIC);
    // `flush` is fsync before the close.
    const target = file.createWriteStream({ flush: true });
    await pipeline(encodeRecords(records), createZstdCompress(), target);
    await rename(partial, path);
    await syncFolder(dirname(path));
    return (await stat(path)).size;
  } catch (error) {
    await file.close().catch(() => undefined); // closed already where the stream got that far
    await rm(partial, { force: true });
    throw error;
  }
}

/** The records of a backup file, in one pass. Throws ACKLINE_BACKUP_INVALID where it is none, is torn or was changed. */
export async function* readBackupFile(path: string): AsyncGenerator<BackupRecord> {
  await checkMagic(path);
  const bytes = createZstdDecompress();
  // An error of either stream ends the iteration below.
  const source = pipe(createReadStream(path, { start: MAGIC.length }), bytes, () => undefined);
  try {
    yield* decodeRecords(source);
  } catch (error) {
    throw isZlibError(error) ? invalid('it is torn or was changed', error) : error;
  }
}

async function checkMagic(path: string): Promise<void> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    throw invalid(`${path} can not be opened (${error.code ?? 'unknown reason'})`, error);
  });
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAGIC.length), 0, MAGIC.length, 0);
    if (bytesRead < MAGIC.length || !buffer.equals(MAGIC)) {
      throw invalid(`${path} is no backup that this release can read`);
    }
  } finally {
    await file.close();
  }
}

function isZlibError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(Z_|ZSTD_|ERR_)/.test(String(error.code));
}
