import { AppError } from '@ackline/shared/app-error';
import type { EnvelopeMeta, EventEnvelope } from '@ackline/shared/envelope';
import { decodeMeta, encodeMeta } from '@ackline/shared/envelope-codec';
import { recordKey } from '@ackline/shared/record-key';

/** Header value as a Kafka client hands it over: repeated names come as a list. */
export type RecordHeader = Buffer | string | readonly (Buffer | string)[] | undefined;

export interface ReceivedRecord {
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, RecordHeader>> | undefined;
}

export interface EncodedRecord {
  readonly key: Buffer;
  readonly value: Buffer;
  /** One header: the envelope without its body, as `encodeMeta` writes it. */
  readonly headers: { readonly [META_HEADER]: Buffer };
  /** Upper bound of what the record takes in a batch. */
  readonly sizeBytes: number;
}

/** All but the body in one header: a header for each field costs both ends several times the CPU. */
export const META_HEADER = 'meta';
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
/** Varints of lengths, deltas and counts, at most 5 bytes each, with the header's name. */
const RECORD_OVERHEAD_BYTES = 48;
/** Whole milliseconds; the range is checked with the rest of the envelope. */
const NUMBER = /^(?:0|[1-9]\d{0,15})$/;

/** Value = the raw body; all else travels in a record header. Throws ACKLINE_ENVELOPE_INVALID for what could not be read back. */
export function encodeRecord(event: EventEnvelope): EncodedRecord {
  const { body } = event;
  const meta = encodeMeta(event); // refuses here what decoding would refuse after the ack
  const key = Buffer.from(recordKey(event), 'utf8');
  const value = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const sizeBytes = RECORD_OVERHEAD_BYTES + key.length + value.length + meta.length;
  return { key, value, headers: { [META_HEADER]: meta }, sizeBytes };
}

/** The event of a record of `ackline.events.v1`; throws ACKLINE_ENVELOPE_INVALID naming the field, never its value. */
export function decodeRecord(record: ReceivedRecord): EventEnvelope {
  if (record.value === null) throw invalid('the record has no value');
  const headers = record.headers ?? {};
  const meta = bytesHeader(headers, META_HEADER);
  if (meta !== undefined) return { ...decodeMeta(meta), body: record.value };
  return { ...decodeFieldHeaders(headers), body: record.value };
}

/** As releases before wrote them: one header for each field. Such records live as long as the topic's retention. */
function decodeFieldHeaders(headers: Readonly<Record<string, RecordHeader>>): EnvelopeMeta {
  const fields: Record<string, unknown> = { v: 1 };
  for (const field of TEXT_FIELDS) fields[field] = textHeader(headers, field);
  for (const field of NULLABLE_TEXT_FIELDS) fields[field] = textHeader(headers, field) ?? null;
  fields['receivedAt'] = numberHeader(headers, 'receivedAt');
  fields['occurredAt'] = numberHeader(headers, 'occurredAt') ?? null;
  fields['notBefore'] = numberHeader(headers, 'notBefore') ?? null;
  fields['headers'] = jsonHeader(headers, 'headers');
  return decodeMeta(Buffer.from(JSON.stringify(fields), 'utf8'));
}

function textHeader(headers: Readonly<Record<string, RecordHeader>>, name: string): string | undefined {
  return bytesHeader(headers, name)?.toString('utf8');
}

function bytesHeader(headers: Readonly<Record<string, RecordHeader>>, name: string): Buffer | undefined {
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
  if (value === undefined || Buffer.isBuffer(value)) return value;
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
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
