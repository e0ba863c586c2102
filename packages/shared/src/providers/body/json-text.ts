/**
 * Looks at the bytes of a JSON body without building its values: whether there is too much in it, and which of its integers a
 * double may not hold. Each look goes over the bytes once. JSON's own characters are ASCII, so UTF-8 can not hide one.
 */

/** Deeper bodies are no provider's, and who walks the value recurses once per level. */
export const JSON_MAX_DEPTH = 256;

/**
 * Commas and opening brackets, which are at least as many as the values. No provider's body has a tenth of them, and more hold
 * the event loop for longer than an ack may take: building 25 MiB of `[],` takes almost two seconds.
 */
export const JSON_MAX_PARTS = 200_000;

/**
 * Integers that a double may have changed, and not longer ones: BigInt of a long text costs the square of its length. 2^53 has
 * 16 digits, 64-bit ids have up to 20.
 */
const LONG_MIN_DIGITS = 16;
const LONG_MAX_DIGITS = 40;

const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const UPPER_E = 0x45;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const LOWER_E = 0x65;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** What there is too much of in a body, be it JSON or not; null: of nothing. */
export function excessOf(body: Uint8Array): 'depth' | 'parts' | null {
  let depth = 0;
  let parts = 0;
  for (let index = 0; index < body.length; index += 1) {
    const byte = body[index] ?? 0;
    if (byte === QUOTE) index = endOfString(body, index);
    else if (byte === COMMA) parts += 1;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth += 1;
      parts += 1;
      if (depth > JSON_MAX_DEPTH) return 'depth';
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth -= 1;
    if (parts > JSON_MAX_PARTS) return 'parts';
  }
  return null;
}

/** The same JSON with a string in place of each integer that a double may not hold; null where there is none. */
export function quoteLongIntegers(json: Uint8Array): Uint8Array | null {
  const quotes: number[] = [];
  for (let index = 0; index < json.length; index += 1) {
    const byte = json[index] ?? 0;
    if (byte === QUOTE) index = endOfString(json, index);
    else if (byte === MINUS || isDigit(byte)) {
      const end = endOfNumber(json, index);
      if (isLongInteger(json, byte === MINUS ? index + 1 : index, end)) quotes.push(index, end);
      index = end - 1;
    }
  }
  return quotes.length === 0 ? null : withQuotes(json, quotes);
}

/** With a quote before the byte at each of these places. */
function withQuotes(json: Uint8Array, places: readonly number[]): Uint8Array {
  const quoted = new Uint8Array(json.length + places.length);
  let copied = 0;
  let added = 0;
  for (const place of places) {
    quoted.set(json.subarray(copied, place), copied + added);
    quoted[place + added] = QUOTE;
    copied = place;
    added += 1;
  }
  quoted.set(json.subarray(copied), copied + added);
  return quoted;
}

/** The place of the quote that ends the string which begins at `start`; the end of the body where none does. */
export function endOfString(body: Uint8Array, start: number): number {
  for (let index = start + 1; index < body.length; index += 1) {
    const byte = body[index];
    if (byte === BACKSLASH) index += 1;
    else if (byte === QUOTE) return index;
  }
  return body.length;
}

function endOfNumber(json: Uint8Array, start: number): number {
  let end = start + 1;
  while (isNumberPart(json[end] ?? 0)) end += 1;
  return end;
}

/** Neither fraction nor exponent, and as many digits as it takes. */
function isLongInteger(json: Uint8Array, start: number, end: number): boolean {
  if (end - start < LONG_MIN_DIGITS || end - start > LONG_MAX_DIGITS) return false;
  for (let index = start; index < end; index += 1) if (!isDigit(json[index] ?? 0)) return false;
  return true;
}

function isNumberPart(byte: number): boolean {
  if (isDigit(byte) || byte === DOT) return true;
  return byte === LOWER_E || byte === UPPER_E || byte === PLUS || byte === MINUS;
}

function isDigit(byte: number): boolean {
  return byte >= DIGIT_0 && byte <= DIGIT_9;
}
