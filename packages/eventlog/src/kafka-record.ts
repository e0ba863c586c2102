import { AppError } from '@ackline/shared/app-error';
import type { EventEnvelope } from '@ackline/shared/envelope';
import { decodeMeta, encodeMeta } from '@ackline/shared/envelope-codec';
import { recordKey } from '@ackline/shared/record-key';

/** Header value as a Kafka client hands it over: repeated names come as a list. */
export type RecordHeader = Buffer | string | readonly (Buffer | string)[] | undefined;

export interface ReceivedRecord {
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, RecordHeader>> | undefined;
}

export interface EncodedRecord {
  readonly key: string;
  readonly value: Buffer;
  /** One per envelope field; a field that is null has none. */
  readonly headers: Readonly<Record<string, string>>;
  /** Upper bound of what the record takes in a batch. */
  readonly sizeBytes: number;
}

const TEXT_FIELDS = [
  'id',
  'source',
  'tenant',
  'provider',
  'type',
  'dedupKey',
  'method',
  'url',
  'priority',
] as const;
const NULLABLE_TEXT_FIELDS = ['orderingKey', 'traceparent'] as const;
/** Varints of lengths, deltas and counts: at most 5 bytes each, for the record and for each header. */
const RECORD_OVERHEAD_BYTES = 40;
const HEADER_OVERHEAD_BYTES = 10;
/** Whole milliseconds; the range is checked with the rest of the envelope. */
const NUMBER = /^(?:0|[1-9]\d{0,15})$/;

/** Value = the raw body; all else travels in record headers. Throws ACKLINE_ENVELOPE_INVALID for what could not be read back. */
export function encodeRecord(event: EventEnvelope): EncodedRecord {
  const { body, ...meta } = event;
  encodeMeta(meta); // refuses here what decoding would refuse after the ack
  const headers: Record<string, string> = {
    receivedAt: String(event.receivedAt),
    headers: JSON.stringify(event.headers),
  };
  for (const field of TEXT_FIELDS) headers[field] = event[field];
  for (const field of NULLABLE_TEXT_FIELDS) {
    const value = event[field];
    if (value !== null) headers[field] = value;
  }
  if (event.occurredAt !== null) headers['occurredAt'] = String(event.occurredAt);
  if (event.notBefore !== null) headers['notBefore'] = String(event.notBefore);
  const key = recordKey(event);
  const value = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return { key, value, headers, sizeBytes: sizeOf(key, value, headers) };
}

function sizeOf(key: string, value: Buffer, headers: Readonly<Record<string, string>>): number {
  let bytes = RECORD_OVERHEAD_BYTES + Buffer.byteLength(key) + value.length;
  for (const [name, text] of Object.entries(headers)) {
    bytes += HEADER_OVERHEAD_BYTES + name.length + Buffer.byteLength(text);
  }
  return bytes;
}

/** The event of a record of `ackline.events.v1`; throws ACKLINE_ENVELOPE_INVALID naming the field, never its value. */
export function decodeRecord(record: ReceivedRecord): EventEnvelope {
  if (record.value === null) throw invalid('the record has no value');
  const headers = record.headers ?? {};
  const fields: Record<string, unknown> = { v: 1 };
  for (const field of TEXT_FIELDS) fields[field] = textHeader(headers, field);
  for (const field of NULLABLE_TEXT_FIELDS) fields[field] = textHeader(headers, field) ?? null;
  fields['receivedAt'] = numberHeader(headers, 'receivedAt');
  fields['occurredAt'] = numberHeader(headers, 'occurredAt') ?? null;
  fields['notBefore'] = numberHeader(headers, 'notBefore') ?? null;
  fields['headers'] = jsonHeader(headers, 'headers');
  const meta = decodeMeta(Buffer.from(JSON.stringify(fields), 'utf8'));
  return { ...meta, body: record.value };
}

function textHeader(headers: Readonly<Record<string, RecordHeader>>, name: string): string | undefined {
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
  if (value === undefined || typeof value === 'string') return value;
  if (Buffer.isBuffer(value)) return value.toString('utf8');
  throw invalid(`the header ${name} is there more than once`);
}

function numberHeader(headers: Readonly<Record<string, RecordHeader>>, name: string): number | undefined {
  const text = textHeader(headers, name);
  if (text === undefined) return undefined;
  if (!NUMBER.test(text)) throw invalid(`the header ${name} is no whole number`);
  return Number(text);
}

function jsonHeader(headers: Readonly<Record<string, RecordHeader>>, name: string): unknown {
  const text = textHeader(headers, name);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw invalid(`the header ${name} is no JSON`); // without the cause: its message quotes the content
  }
}

function invalid(what: string): AppError {
  return new AppError('ACKLINE_ENVELOPE_INVALID', what);
}
