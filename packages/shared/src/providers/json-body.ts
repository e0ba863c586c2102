/**
 * Reading of JSON bodies. Duplicate keys: the last one counts, as in JSON.parse and in most receivers; the bytes that are kept
 * still hold both.
 */

/** Deeper bodies are no provider's; the reviver and whoever walks the value later recurse once per level. */
const JSON_MAX_DEPTH = 256;

/** 2^53 has 16 digits: a body without such a run holds no integer that a double would change, and is parsed without a reviver. */
const LONG_NUMBER_DIGITS = 16;
/** May be in a text as well as in a number; only then is it worth a closer look. */
const LONG_DIGITS = /\d{16}/;

/** Longest integer that is kept exact: BigInt of a long text costs the square of its length. 64-bit ids have up to 20 characters. */
const EXACT_INTEGER = /^-?\d{16,40}$/;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACKET = 0x5d;
const CLOSE_BRACE = 0x7d;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

/** Stateless as long as it is not told to expect more: one for all bodies. */
const UTF8 = new TextDecoder('utf-8', { fatal: true });

export type JsonObject = Readonly<Record<string, unknown>>;

/** `detail` is one of a few fixed sentences: nothing of the body is in it. */
export type JsonBody =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'malformed'; readonly detail: string };

/** Integers beyond 2^53 become `bigint`; every other value is as JSON.parse has it. Never throws. */
export function readJson(body: Uint8Array): JsonBody {
  const text = decodeUtf8(body);
  if (text === null) return { kind: 'malformed', detail: 'the body is not UTF-8' };
  if (!LONG_DIGITS.test(text)) return parsePlain(body, text);
  const form = formOf(body);
  if (form === 'plain') return parsePlain(body, text);
  if (form === 'too deep') return TOO_DEEP;
  try {
    return { kind: 'json', value: JSON.parse(text, keepExact) };
  } catch {
    return NO_JSON;
  }
}

const TOO_DEEP: JsonBody = { kind: 'malformed', detail: 'the JSON is nested too deeply' };
/** The error's own message would quote the body. */
const NO_JSON: JsonBody = { kind: 'malformed', detail: 'the body is not JSON' };

/** Without a reviver the parser does not recurse: the depth is looked at in the value, which has far fewer parts than the text. */
function parsePlain(body: Uint8Array, text: string): JsonBody {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return formOf(body) === 'too deep' ? TOO_DEEP : NO_JSON;
  }
  return isDeeperThan(value, JSON_MAX_DEPTH) ? TOO_DEEP : { kind: 'json', value };
}

/** Recurses `levels` times at most. */
function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) {
    for (const item of value) if (isDeeperThan(item, levels - 1)) return true;
    return false;
  }
  for (const name in value) if (isDeeperThan((value as JsonObject)[name], levels - 1)) return true;
  return false;
}

/** As {@link readJson}, for providers that send an object only. */
export function readJsonObject(
  body: Uint8Array,
): { kind: 'json'; value: JsonObject } | { kind: 'malformed'; detail: string } {
  const read = readJson(body);
  if (read.kind === 'malformed') return read;
  if (!isObject(read.value)) return { kind: 'malformed', detail: 'the JSON is not an object' };
  return { kind: 'json', value: read.value };
}

/** The text of valid UTF-8 (a byte order mark is dropped), null otherwise: a lossy decoder makes different bytes equal. */
export function decodeUtf8(body: Uint8Array): string | null {
  try {
    return UTF8.decode(body);
  } catch {
    return null;
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path of own members; undefined where a step is missing. Inherited names (`__proto__`, `constructor`) are not seen. */
export function valueAt(value: unknown, ...path: readonly string[]): unknown {
  let current = value;
  for (const name of path) {
    if (!isObject(current) || !Object.hasOwn(current, name)) return undefined;
    current = current[name];
  }
  return current;
}

/** An id as text: a non-empty text, or an integer that is known exactly; null otherwise. The number 5 and the text "5" are the same id. */
export function idText(value: unknown): string | null {
  if (typeof value === 'string') return value === '' ? null : value;
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return String(value);
  return null;
}

/** Largest instant of a JavaScript Date, which PostgreSQL can hold too. */
const EPOCH_MAX_MS = 8_640_000_000_000_000;

/** Epoch milliseconds out of a number, or of a text of digits; null where it is no instant after 1970. */
export function epochMs(value: unknown, unitMs: 1 | 1000): number | null {
  const isDigits = typeof value === 'string' && /^\d{1,16}$/.test(value);
  const count = isDigits ? Number(value) : value;
  if (typeof count !== 'number' || !Number.isFinite(count)) return null;
  const ms = Math.trunc(count * unitMs);
  return ms > 0 && ms <= EPOCH_MAX_MS ? ms : null;
}

function keepExact(_name: string, value: unknown, context?: { source?: string }): unknown {
  const isLossy = typeof value === 'number' && !Number.isSafeInteger(value);
  const source = context?.source;
  return isLossy && source !== undefined && EXACT_INTEGER.test(source) ? BigInt(source) : value;
}

/**
 * What decides how a body is parsed, by one look at its bytes: open brackets and runs of digits outside of texts (JSON's own
 * characters are ASCII, so UTF-8 can not hide one).
 */
function formOf(body: Uint8Array): 'plain' | 'long numbers' | 'too deep' {
  let depth = 0;
  let longestNumber = 0;
  for (let index = 0; index < body.length; index += 1) {
    const byte = body[index] ?? 0;
    if (byte === QUOTE) index = endOfText(body, index);
    else if (byte >= DIGIT_0 && byte <= DIGIT_9) {
      const end = endOfDigits(body, index);
      longestNumber = Math.max(longestNumber, end - index);
      index = end - 1;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth += 1;
      if (depth > JSON_MAX_DEPTH) return 'too deep';
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth -= 1;
  }
  return longestNumber >= LONG_NUMBER_DIGITS ? 'long numbers' : 'plain';
}

function endOfDigits(body: Uint8Array, start: number): number {
  let end = start;
  for (let byte = body[end] ?? 0; byte >= DIGIT_0 && byte <= DIGIT_9; byte = body[end] ?? 0) end += 1;
  return end;
}

/** The place of the quote that ends the text which begins at `start`; the end of the body where none does. */
function endOfText(body: Uint8Array, start: number): number {
  for (let index = start + 1; index < body.length; index += 1) {
    const byte = body[index];
    if (byte === BACKSLASH) index += 1;
    else if (byte === QUOTE) return index;
  }
  return body.length;
}
