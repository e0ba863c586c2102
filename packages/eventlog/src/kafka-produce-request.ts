import { crc32c, type Reader, Writer } from '@platformatic/kafka';
import { type EncodedRecord, META_HEADER } from './kafka-record.ts';

// The Produce request of Kafka's protocol, version 9 (brokers since 2.4), and its record batches, version 2. The client
// library makes several small objects for each field of each record; here a request is written into one buffer.

export const PRODUCE_API_KEY = 0;
export const PRODUCE_API_VERSION = 9;
const ACKS_ALL = -1;
const MAGIC = 2;
/** Base offset, batch length, leader epoch, magic, CRC, attributes, last delta, two times, producer id and epoch, sequence, count. */
const BATCH_HEADER_BYTES = 61;
/** What the CRC covers begins here. */
const CRC_FROM = 21;
const CRC_AT = 17;
/** The batch length counts what follows it. */
const LENGTH_FROM = 12;
const META_NAME = Buffer.from(META_HEADER);

export type BatchRecord = Pick<EncodedRecord, 'key' | 'value' | 'headers' | 'sizeBytes'>;

export interface ProduceRequest<R extends BatchRecord> {
  readonly topic: string;
  readonly lanes: ReadonlyMap<number, readonly R[]>;
  /** How long the broker may wait for its replicas. */
  readonly timeoutMs: number;
  /** Epoch milliseconds: the time of all records. */
  readonly now: number;
}

/** The payload of a request with `acks=all`, without a transaction. */
export function writeProduceRequest<R extends BatchRecord>(request: ProduceRequest<R>): Writer {
  const writer = Writer.create().appendString(null).appendInt16(ACKS_ALL).appendInt32(request.timeoutMs);
  writer.appendArray([request.topic], (topics, topic) => {
    topics.appendString(topic).appendArray([...request.lanes], (partitions, [lane, records]) => {
      partitions.appendInt32(lane).appendBytes(encodeRecordBatch(records, request.now));
    });
  });
  return writer.appendTaggedFields();
}

/** One record batch; its records have the time of the batch. */
export function encodeRecordBatch(records: readonly BatchRecord[], now: number): Buffer {
  const most = records.reduce((sum, record) => sum + record.sizeBytes, BATCH_HEADER_BYTES);
  const batch = Buffer.allocUnsafe(most);
  let end = BATCH_HEADER_BYTES;
  for (const [index, record] of records.entries()) end = writeRecord(batch, end, record, index);
  const time = BigInt(now);
  batch.writeBigInt64BE(0n, 0); // base offset: the broker gives it
  batch.writeInt32BE(end - LENGTH_FROM, 8);
  batch.writeInt32BE(-1, LENGTH_FROM); // leader epoch: not known to producers
  batch.writeInt8(MAGIC, 16);
  batch.writeInt16BE(0, CRC_FROM); // attributes: no compression, time of creation
  batch.writeInt32BE(records.length - 1, 23);
  batch.writeBigInt64BE(time, 27);
  batch.writeBigInt64BE(time, 35);
  batch.writeBigInt64BE(-1n, 43); // no producer id: never idempotent
  batch.writeInt16BE(-1, 51);
  batch.writeInt32BE(-1, 53);
  batch.writeInt32BE(records.length, 57);
  batch.writeUInt32BE(crc32c(batch.subarray(CRC_FROM, end)), CRC_AT);
  return batch.subarray(0, end);
}

function writeRecord(batch: Buffer, at: number, record: BatchRecord, index: number): number {
  const { key, value } = record;
  const meta = record.headers[META_HEADER];
  const length =
    2 + // attributes and a time delta of 0
    varintBytes(index) +
    varintBytes(key.length) +
    key.length +
    varintBytes(value.length) +
    value.length +
    2 + // one header, and the length of its name
    META_NAME.length +
    varintBytes(meta.length) +
    meta.length;
  let end = writeVarint(batch, at, length);
  batch[end] = 0;
  batch[end + 1] = 0;
  end = writeVarint(batch, end + 2, index);
  end = writeBytes(batch, end, key);
  end = writeBytes(batch, end, value);
  end = writeVarint(batch, end, 1);
  end = writeBytes(batch, end, META_NAME);
  return writeBytes(batch, end, meta);
}

function writeBytes(batch: Buffer, at: number, bytes: Buffer): number {
  const start = writeVarint(batch, at, bytes.length);
  batch.set(bytes, start);
  return start + bytes.length;
}

/** Zigzag: what is not negative is doubled. Below 2^30, which a batch never reaches. */
function writeVarint(batch: Buffer, at: number, value: number): number {
  let rest = value * 2;
  let end = at;
  while (rest > 0x7f) {
    batch[end] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
    end += 1;
  }
  batch[end] = rest;
  return end + 1;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value * 2; rest > 0x7f; rest >>>= 7) bytes += 1;
  return bytes;
}

export interface LaneAnswer {
  readonly lane: number;
  readonly errorCode: number;
  /** Of the first record of the batch. */
  readonly baseOffset: bigint;
}

/** The answer for each lane; it throws for none of them: one that failed says nothing of the others. */
export function readProduceResponse(reader: Reader): readonly LaneAnswer[] {
  const topics = reader.readArray(
    topic => {
      topic.readString();
      const answers = topic.readArray(readLaneAnswer, true, false);
      topic.readTaggedFields();
      return answers;
    },
    true,
    false,
  );
  reader.readInt32(); // throttle time
  reader.readTaggedFields();
  return topics.flat();
}

function readLaneAnswer(reader: Reader): LaneAnswer {
  const lane = reader.readInt32();
  const errorCode = reader.readInt16();
  const baseOffset = reader.readInt64();
  reader.readInt64(); // time of appending
  reader.readInt64(); // first offset that is still there
  reader.readArray(
    record => {
      record.readInt32();
      record.readNullableString();
      record.readTaggedFields();
    },
    true,
    false,
  );
  reader.readNullableString(); // the broker's words
  reader.readTaggedFields();
  return { lane, errorCode, baseOffset };
}
