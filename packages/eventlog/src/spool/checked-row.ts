import { crc32 } from 'node:zlib';
import type { InboxRow } from '@ackline/store/inbox';

/** row: null where it is not what was written. */
export interface FoundRow {
  readonly n: number;
  readonly row: InboxRow | null;
}

export type StoredRow = InboxRow & { readonly n: number };

/** null: the row is not what was written. */
export function readRow(found: Record<string, unknown>): InboxRow | null {
  const { id, key_hash: hash, after_offset: afterOffset, key_id: keyId, meta, body } = found;
  if (typeof id !== 'string' || typeof keyId !== 'string') return null;
  if (typeof hash !== 'bigint' || typeof afterOffset !== 'bigint') return null;
  if (!(meta instanceof Uint8Array) || !(body instanceof Uint8Array)) return null;
  const row = { id, keyHash: Number(hash), afterOffset, keyId, meta, body };
  return BigInt(checksum(row)) === found['checksum'] ? row : null;
}

/** SQLite's own checksums cover its log and not its pages: this finds a bit that the disk turned over. */
export function checksum({ id, keyHash, afterOffset, keyId, meta, body }: InboxRow): number {
  return crc32(body, crc32(meta, crc32(`${id} ${keyHash} ${afterOffset} ${keyId}`)));
}
