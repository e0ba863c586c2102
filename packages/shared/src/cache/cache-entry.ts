/** What a cache holds. Bytes are shared with whoever reads them: not to be changed. */
export type CacheValue = string | Uint8Array;

export interface CacheEntry {
  readonly value: CacheValue;
  /** Epoch milliseconds; from then on the value is not given out. */
  readonly expiresAt: number;
}

const KIND_TEXT = 1;
const KIND_BYTES = 2;
/** One byte for the kind, eight for the time as a big-endian double. */
const HEADER_BYTES = 9;

/**
 * An entry as Redis keeps it. The end of its life travels with it: a process that takes it into its memory tier must not let
 * it live a second time.
 */
export function encodeEntry({ value, expiresAt }: CacheEntry): Uint8Array {
  const content = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  const bytes = Buffer.alloc(HEADER_BYTES + content.length);
  bytes[0] = typeof value === 'string' ? KIND_TEXT : KIND_BYTES;
  bytes.writeDoubleBE(expiresAt, 1);
  bytes.set(content, HEADER_BYTES);
  return bytes;
}

/** null for anything that `encodeEntry` did not write: what others keep in the same Redis is a miss, not an error. */
export function decodeEntry(bytes: Uint8Array): CacheEntry | null {
  if (bytes.length < HEADER_BYTES) return null;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const expiresAt = buffer.readDoubleBE(1);
  if (!Number.isFinite(expiresAt)) return null;
  const content = buffer.subarray(HEADER_BYTES);
  if (buffer[0] === KIND_TEXT) return { value: content.toString('utf8'), expiresAt };
  // A copy: a client may give out a view into a buffer that it uses again.
  return buffer[0] === KIND_BYTES ? { value: Uint8Array.from(content), expiresAt } : null;
}
