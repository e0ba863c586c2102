/**
 * Reading of JSON bodies. Duplicate keys: the last one counts, as in JSON.parse and in most receivers; the bytes that are kept
 * still hold both.
 */

/** Deeper bodies are no provider's; the reviver and whoever walks the value later recurse once per level. */
const JSON_MAX_DEPTH = 256;

/** Longest integer that is kept exact: BigInt of a long text costs the square of its length. 64-bit ids have up to 20 characters. */
const EXACT_INTEGER = /^-?\d{16,40}$/;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACKET = 0x5d;
const CLOSE_BRACE = 0x7d;

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
  let value: unknown;
  try {
    value = JSON.parse(text); // does not recurse without a reviver, so its depth can be asked after it
  } catch {
    return isNestedTooDeeply(body) ? TOO_DEEP : NO_JSON;
  }
  const form = formOf(value, JSON_MAX_DEPTH);
  if (form === 'too deep') return TOO_DEEP;
  return { kind: 'json', value: form === 'plain' ? value : JSON.parse(text, keepExact) };
}

const TOO_DEEP: JsonBody = { kind: 'malformed', detail: 'the JSON is nested too deeply' };
/** The error's own message would quote the body. */
const NO_JSON: JsonBody = { kind: 'malformed', detail: 'the body is not JSON' };

type Form = 'plain' | 'long numbers' | 'too deep';

/** The worst that is in the value: an integer that a double may have changed, or depth. Recurses `levels` times at most. */
function formOf(value: unknown, levels: number): Form {
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) || !Number.isInteger(value) ? 'plain' : 'long numbers';
  }
  if (typeof value !== 'object' || value === null) return 'plain';
  if (levels === 0) return 'too deep';
  return Array.isArray(value)
    ? worstOf(value, levels - 1)
    : worstOf(Object.values(value as JsonObject), levels - 1);
}

function worstOf(values: readonly unknown[], levels: number): Form {
  let worst: Form = 'plain';
  for (const value of values) {
    if (typeof value === 'string') continue;
    const form = formOf(value, levels);
    if (form === 'too deep') return form;
    if (form === 'long numbers') worst = form;
  }
  return worst;
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

/** Of a body that is no JSON: open brackets outside of texts (JSON's own characters are ASCII, so UTF-8 can not hide one). */
function isNestedTooDeeply(body: Uint8Array): boolean {
  let depth = 0;
  for (let index = 0; index < body.length; index += 1) {
    const byte = body[index] ?? 0;
    if (byte === QUOTE) index = endOfText(body, index);
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth += 1;
      if (depth > JSON_MAX_DEPTH) return true;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth -= 1;
  }
  return false;
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
