import { excessOf, JSON_MAX_DEPTH, JSON_MAX_PARTS, quoteLongIntegers } from './json-text.ts';

/**
 * Reading of JSON bodies. Duplicate keys: the last one counts, as in JSON.parse and in most receivers; the bytes that are kept
 * still hold both.
 */

/** Stateless as long as it is not told to expect more: one for all bodies. */
const UTF8 = new TextDecoder('utf-8', { fatal: true });

export type JsonObject = Readonly<Record<string, unknown>>;

/** `detail` is one of a few fixed sentences: nothing of the body is in it. */
export type JsonBody =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'malformed'; readonly detail: string };

/** Integers beyond 2^53, of up to 40 digits, become `bigint`; every other value is as JSON.parse has it. Never throws. */
export function readJson(body: Uint8Array): JsonBody {
  const text = decodeUtf8(body);
  if (text === null) return { kind: 'malformed', detail: 'the body is not UTF-8' };
  const isLarge = body.length > JSON_MAX_PARTS; // a smaller body has not so many
  const excess = isLarge ? excessOf(body) : null;
  if (excess !== null) return TOO_MUCH[excess];
  let value: unknown;
  try {
    value = JSON.parse(text); // does not recurse, so its depth can be asked after it
  } catch {
    return !isLarge && excessOf(body) === 'depth' ? TOO_MUCH.depth : NO_JSON;
  }
  const form = formOf(value, JSON_MAX_DEPTH);
  if (form === 'too deep') return TOO_MUCH.depth;
  return { kind: 'json', value: form === 'plain' ? value : exactValue(body, value) };
}

const TOO_MUCH: Readonly<Record<'depth' | 'parts', JsonBody>> = {
  depth: { kind: 'malformed', detail: 'the JSON is nested too deeply' },
  parts: { kind: 'malformed', detail: 'the JSON has too many values' },
};
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

/**
 * The value with its long integers exact. The body is parsed once more with these as strings: where a number has a string for a
 * twin, that string is the number. A reviver would be called for every value, and take half a second for 1 MiB.
 */
function exactValue(body: Uint8Array, value: unknown): unknown {
  const quoted = quoteLongIntegers(body);
  return quoted === null ? value : withExact(value, JSON.parse(UTF8.decode(quoted)));
}

/** `value` itself, changed in place, unless it is a number. `twin` has the same members in the same order. */
function withExact(value: unknown, twin: unknown): unknown {
  if (typeof value === 'number') {
    return typeof twin === 'string' && !Number.isSafeInteger(value) ? BigInt(twin) : value;
  }
  if (Array.isArray(value) && Array.isArray(twin)) {
    for (let index = 0; index < value.length; index += 1) {
      value[index] = withExact(value[index], twin[index]);
    }
  } else if (isObject(value) && isObject(twin)) {
    const members: Record<string, unknown> = value; // own ones: an own `__proto__` is set as any other
    for (const name of Object.keys(members)) members[name] = withExact(members[name], twin[name]);
  }
  return value;
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

/**
 * The text of valid UTF-8, null otherwise: a lossy decoder makes different bytes equal. `decoder`: one that is fatal; by default a
 * byte order mark is dropped.
 */
export function decodeUtf8(body: Uint8Array, decoder = UTF8): string | null {
  try {
    return decoder.decode(body);
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

/** The one that all of them are; null: there is none, one is not known, they are several, or over `max`. */
export function commonId(ids: Iterable<string | null>, max = Number.POSITIVE_INFINITY): string | null {
  let common: string | null = null;
  let looked = 0;
  for (const id of ids) {
    if (id === null || (common ?? id) !== id || looked === max) return null;
    common = id;
    looked += 1;
  }
  return common;
}

/** Meta's bodies, the longest, have 1000. */
const MAX_SENDER_EVENTS = 2_000;

/** Whom a body is counted for: the key that all of its events have, of as many as are worth the time of each request. */
export function senderOf(keys: Iterable<string | null>): string | null {
  return commonId(keys, MAX_SENDER_EVENTS);
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

/** A date and time with its offset, as RFC 3339 has it; a year has four digits. */
const INSTANT_FORM = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/** Epoch milliseconds out of an ISO 8601 text with an offset; null where it is none, or no instant after 1970. */
export function isoMs(value: unknown): number | null {
  if (typeof value !== 'string' || !INSTANT_FORM.test(value)) return null;
  const ms = Date.parse(value);
  return ms > 0 ? ms : null;
}
