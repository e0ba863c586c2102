// The form of a backup file:
//
//   the line `ACKLINE-BACKUP 1`, then one zstd stream of records: type (1 byte), length (4 bytes, big endian), payload.
//
// BF1. The first record is the header (JSON): schema version, tables with their columns, in the order of the file.
// BF2. Each table is: its name (JSON), its rows (PostgreSQL's binary COPY form, in pieces), its row count (JSON).
// BF3. Then the sequences (JSON), and last the end record (JSON) with the SHA-256 of all bytes of the stream before it. A stream
//      that does not reach it, or goes on after it, was torn.
// BF4. Every record has a bound, so that a broken length can not fill the memory.
import { createHash, type Hash } from 'node:crypto';
import { AppError } from '@ackline/shared/app-error';
import { z } from 'zod';

export const MAGIC = Buffer.from('ACKLINE-BACKUP 1\n');
/** Large enough that the five bytes of framing cost nothing, small enough to hold several (BF4). */
export const MAX_RECORD_BYTES = 1024 * 1024;
const FRAME_BYTES = 5;

const name = z.string().min(1).max(63);
const count = z.number().int().nonnegative();

const payloads = {
  header: z.object({
    createdAt: z.string(),
    schemaVersion: z.number().int().positive(),
    tables: z.array(
      z.object({
        name,
        columns: z.array(name),
        /** Days that have a partition of their own. */
        days: z.array(z.string().regex(/^\d{4}-\d{2}-\d{2}$/)),
      }),
    ),
  }),
  table: z.object({ name }),
  'table-end': z.object({ name, rows: count }),
  sequences: z.array(z.object({ name, lastValue: z.string().regex(/^-?\d{1,19}$/), isCalled: z.boolean() })),
  end: z.object({ sha256: z.string() }),
} as const;

export type BackupHeader = z.output<typeof payloads.header>;
export type BackupTable = BackupHeader['tables'][number];
export type BackupSequence = z.output<typeof payloads.sequences>[number];

/** What a backup consists of; the end record is the codec's own business. */
export type BackupRecord =
  | { readonly kind: 'header'; readonly value: BackupHeader }
  | { readonly kind: 'table'; readonly value: { readonly name: string } }
  | { readonly kind: 'rows'; readonly value: Buffer }
  | { readonly kind: 'table-end'; readonly value: { readonly name: string; readonly rows: number } }
  | { readonly kind: 'sequences'; readonly value: readonly BackupSequence[] };

/** Numbers in files: never reused. */
const TYPES = { header: 1, table: 2, rows: 3, 'table-end': 4, sequences: 5, end: 6 } as const;
type Kind = keyof typeof TYPES;
const KINDS = new Map<number, Kind>(
  (Object.entries(TYPES) as [Kind, number][]).map(([kind, type]) => [type, kind]),
);

/** What may follow what (BF1, BF2, BF3). */
const FOLLOWERS: Readonly<Record<Kind | 'start', readonly Kind[]>> = {
  start: ['header'],
  header: ['table', 'sequences'],
  table: ['rows', 'table-end'],
  rows: ['rows', 'table-end'],
  'table-end': ['table', 'sequences'],
  sequences: ['end'],
  end: [],
};

/** The bytes of the stream that the records make, with the end record. */
export async function* encodeRecords(records: AsyncIterable<BackupRecord>): AsyncGenerator<Buffer> {
  const checksum = createHash('sha256');
  for await (const record of records) {
    for (const bytes of frames(record)) {
      checksum.update(bytes);
      yield bytes;
    }
  }
  yield frame('end', Buffer.from(JSON.stringify({ sha256: checksum.digest('hex') })));
}

function* frames(record: BackupRecord): Generator<Buffer> {
  if (record.kind !== 'rows') {
    yield frame(record.kind, Buffer.from(JSON.stringify(record.value)));
    return;
  }
  for (let start = 0; start < record.value.length; start += MAX_RECORD_BYTES) {
    yield frame('rows', record.value.subarray(start, start + MAX_RECORD_BYTES));
  }
}

function frame(kind: Kind, payload: Buffer): Buffer {
  const head = Buffer.alloc(FRAME_BYTES);
  head.writeUInt8(TYPES[kind], 0);
  head.writeUInt32BE(payload.length, 1);
  return Buffer.concat([head, payload]);
}

/** The records of the stream. Throws ACKLINE_BACKUP_INVALID where the stream is not exactly what `encodeRecords` makes. */
export async function* decodeRecords(chunks: AsyncIterable<Buffer>): AsyncGenerator<BackupRecord> {
  const checksum = createHash('sha256');
  let pending: Buffer = Buffer.alloc(0);
  let last: Kind | 'start' = 'start';
  for await (const chunk of chunks) {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    for (;;) {
      const taken = takeFrame(pending);
      if (taken === null) break;
      pending = taken.rest;
      if (!FOLLOWERS[last].includes(taken.kind)) throw invalid(`a ${taken.kind} record is out of place`);
      last = taken.kind;
      if (taken.kind === 'end') checkEnd(taken.payload, checksum);
      else yield toRecord(taken.kind, taken.payload);
      checksum.update(taken.bytes);
    }
  }
  if (last !== 'end') throw invalid('it ends too early: it was not written to its end, or was cut');
  if (pending.length > 0) throw invalid('something follows its end');
}

interface Frame {
  readonly kind: Kind;
  readonly payload: Buffer;
  /** Head and payload. */
  readonly bytes: Buffer;
  readonly rest: Buffer;
}

/** null: not all of it is there yet. */
function takeFrame(pending: Buffer): Frame | null {
  if (pending.length < FRAME_BYTES) return null;
  const kind = KINDS.get(pending.readUInt8(0));
  const length = pending.readUInt32BE(1);
  if (kind === undefined || length > MAX_RECORD_BYTES) throw invalid('a record has no known form'); // (BF4)
  const end = FRAME_BYTES + length;
  if (pending.length < end) return null;
  return {
    kind,
    payload: pending.subarray(FRAME_BYTES, end),
    bytes: pending.subarray(0, end),
    rest: pending.subarray(end),
  };
}

function toRecord(kind: Exclude<Kind, 'end'>, payload: Buffer): BackupRecord {
  switch (kind) {
    case 'rows':
      return { kind, value: payload };
    case 'header':
      return { kind, value: parse(payloads.header, payload) };
    case 'table':
      return { kind, value: parse(payloads.table, payload) };
    case 'table-end':
      return { kind, value: parse(payloads['table-end'], payload) };
    case 'sequences':
      return { kind, value: parse(payloads.sequences, payload) };
    default: {
      const never: never = kind;
      return never;
    }
  }
}

function checkEnd(payload: Buffer, checksum: Hash): void {
  const { sha256 } = parse(payloads.end, payload);
  if (sha256 !== checksum.copy().digest('hex')) throw invalid('its checksum is wrong: bytes were changed');
}

function parse<S extends z.ZodType>(schema: S, payload: Buffer): z.output<S> {
  try {
    return schema.parse(JSON.parse(payload.toString('utf8')));
  } catch (error) {
    throw invalid('a record can not be read', error);
  }
}

export function invalid(what: string, cause?: unknown): AppError {
  return new AppError('ACKLINE_BACKUP_INVALID', `The backup file can not be used: ${what}`, { cause });
}
