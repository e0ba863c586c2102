/** Longer than any question that a provider asks, and than no event of size. */
const SMALL_BODY_BYTES = 4_096;

/** Whether a body is small and has this text in it: one look at the bytes, before one is parsed for what nearly none is. */
export function isSmallWith(body: Uint8Array, text: string): boolean {
  if (body.length > SMALL_BODY_BYTES) return false;
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return bytes.includes(text);
}
