import { AppError } from './app-error.ts';
import type { EnvelopeMeta, HeaderPairs } from './envelope.ts';

/**
 * The envelope without its body, as compact JSON with a version. It is read once per event on the hot path, so the checks
 * are written by hand.
 *
 * M1. What `encodeMeta` returns, `decodeMeta` reads back equal: header names keep their case, duplicates and order stay.
 * M2. Both check the same rules. What can not be stored is refused before the append, not after the ack.
 * M3. No text for a PostgreSQL column holds NUL or half a surrogate pair: PostgreSQL refuses the one, and UTF-8 makes
 *     different keys equal by the other.
 * M4. Fields that are not known are ignored, so that a newer ingress can add one; another `v` is refused.
 */
const META_VERSION = 1;

/** Node reads 16 KiB of URL and headers; JSON doubles latin1 and escapes quotes. Room for a server that reads 64 KiB. */
export const MAX_META_BYTES = 256 * 1024;
/** All that Node's 16 KiB can hold, of four bytes each (`a:` and the end of the line): what was read is never too many. */
const MAX_HEADERS = 4_096;
/** `event_keys` indexes source and dedup key together; a PostgreSQL index entry may have 2,704 bytes. `safeKey` stays below. */
const MAX_KEY_BYTES = 1_024;
/** As the names in ackline.yaml, which are shorter still. */
const MAX_NAME_BYTES = 100;
const MAX_METHOD_BYTES = 32;
const MAX_URL_BYTES = 64 * 1024;
/** The W3C form has 55 characters; later versions may be longer. */
const MAX_TRACEPARENT_BYTES = 128;
/** The last millisecond of a JavaScript Date, and within PostgreSQL's timestamptz. */
const MAX_TIME_MS = 8.64e15;

/** Of one UTF-16 unit in UTF-8. */
const MAX_UNIT_BYTES = 3;
const ESCAPE = '\\u';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Throws ACKLINE_ENVELOPE_INVALID, naming the field and never its value. */
export function encodeMeta(meta: EnvelopeMeta): Buffer {
  const fields = meta as unknown as Record<string, unknown>;
  const json = JSON.stringify(checkMeta(fields, anyCharacters)); // (M2)
  // JSON writes NUL and half pairs as escapes: without one no field holds them, and none is looked through.
  if (json.includes(ESCAPE)) checkMeta(fields, storableCharacters); // (M3)
  const bytes = Buffer.from(`{"v":${META_VERSION},${json.slice(1)}`, 'utf8');
  if (bytes.length > MAX_META_BYTES) throw invalid(`has ${bytes.length} bytes, over ${MAX_META_BYTES}`);
  return bytes;
}

/** Throws ACKLINE_ENVELOPE_INVALID for anything that `encodeMeta` of this version could not have written. */
export function decodeMeta(bytes: Uint8Array): EnvelopeMeta {
  if (bytes.length > MAX_META_BYTES) throw invalid(`has ${bytes.length} bytes, over ${MAX_META_BYTES}`);
  const value = parse(bytes);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('is no JSON object');
  const fields = value as Record<string, unknown>;
  if (fields['v'] !== META_VERSION) throw invalid(`has a version other than ${META_VERSION}`);
  return checkMeta(fields, storableCharacters);
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    throw invalid('is no JSON'); // without the cause: its message quotes the content
  }
}

type CharacterCheck = (value: string, field: string) => void;

function anyCharacters(): void {}

/** (M3) */
function storableCharacters(value: string, field: string): void {
  if (value.includes('\u0000')) throw invalid(`${field} holds a NUL character`);
  if (!value.isWellFormed()) throw invalid(`${field} holds half a surrogate pair`);
}

function checkMeta(fields: Record<string, unknown>, check: CharacterCheck): EnvelopeMeta {
  const text = (field: string, maxBytes: number) => {
    const value = boundedText(fields, field, maxBytes);
    check(value, field);
    return value;
  };
  const id = fields['id'];
  if (typeof id !== 'string' || !UUID.test(id)) throw invalid('id is no lower-case UUID');
  const priority = fields['priority'];
  if (priority !== 'normal' && priority !== 'high') throw invalid('priority is neither normal nor high');
  return {
    id,
    source: text('source', MAX_NAME_BYTES),
    tenant: text('tenant', MAX_NAME_BYTES),
    provider: text('provider', MAX_NAME_BYTES),
    type: text('type', MAX_KEY_BYTES),
    dedupKey: text('dedupKey', MAX_KEY_BYTES),
    orderingKey: fields['orderingKey'] === null ? null : text('orderingKey', MAX_KEY_BYTES),
    occurredAt: fields['occurredAt'] === null ? null : time(fields, 'occurredAt'),
    receivedAt: time(fields, 'receivedAt'),
    method: text('method', MAX_METHOD_BYTES),
    url: text('url', MAX_URL_BYTES),
    headers: headerPairs(fields['headers']),
    priority,
    traceparent: fields['traceparent'] === null ? null : text('traceparent', MAX_TRACEPARENT_BYTES),
    // Absent in what an earlier release wrote. (M4)
    notBefore: (fields['notBefore'] ?? null) === null ? null : time(fields, 'notBefore'),
  };
}

function boundedText(fields: Record<string, unknown>, field: string, maxBytes: number): string {
  const value = fields[field];
  if (typeof value !== 'string') throw invalid(`${field} is no text`);
  if (value === '') throw invalid(`${field} is empty`);
  const isSurelyShort = value.length * MAX_UNIT_BYTES <= maxBytes;
  if (!isSurelyShort && (value.length > maxBytes || Buffer.byteLength(value) > maxBytes)) {
    throw invalid(`${field} is over ${maxBytes} bytes`);
  }
  return value;
}

function time(fields: Record<string, unknown>, field: string): number {
  const value = fields[field];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= MAX_TIME_MS)
    return value;
  throw invalid(`${field} is no time in whole milliseconds since 1970`);
}

function headerPairs(value: unknown): HeaderPairs {
  if (!Array.isArray(value)) throw invalid('headers is no list');
  if (value.length > MAX_HEADERS) throw invalid(`headers has more than ${MAX_HEADERS} pairs`);
  for (const pair of value as unknown[]) {
    if (!isPair(pair)) throw invalid('headers holds something else than a pair of name and value');
  }
  return value as HeaderPairs;
}

function isPair(pair: unknown): pair is readonly [string, string] {
  return (
    Array.isArray(pair) &&
    pair.length === 2 &&
    typeof pair[0] === 'string' &&
    pair[0] !== '' &&
    typeof pair[1] === 'string'
  );
}

function invalid(what: string): AppError {
  return new AppError('ACKLINE_ENVELOPE_INVALID', `the envelope ${what}`);
}
