/** Of `bytea`, in every PostgreSQL. */
const BYTEA_OID = 17;
/** Dimensions, flags, type of the elements, their number, index of the first. */
const HEAD_BYTES = 20;
const LENGTH_BYTES = 4;

/**
 * A `bytea[]` in PostgreSQL's binary form. The driver sends a Buffer as it is; of a list it makes hexadecimal text, which doubles
 * every body, and PostgreSQL makes bytes of it again.
 */
export function byteaArray(values: readonly Uint8Array[]): Buffer {
  const bytes = values.reduce((sum, value) => sum + LENGTH_BYTES + value.byteLength, HEAD_BYTES);
  const array = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const number of [1, 0, BYTEA_OID, values.length, 1]) at = array.writeInt32BE(number, at);
  for (const value of values) {
    at = array.writeInt32BE(value.byteLength, at);
    array.set(value, at);
    at += value.byteLength;
  }
  return array;
}
