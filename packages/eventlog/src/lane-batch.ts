import { AppError } from '@ackline/shared/app-error';
import type { EventEnvelope } from '@ackline/shared/envelope';
import { decodeRecord, type ReceivedRecord } from './kafka-record.ts';
import { keepHeaders } from './kept-headers.ts';

/** One record of a lane: its event, or what was found in its place. */
export type KafkaRecord =
  | { readonly offset: bigint; readonly event: EventEnvelope }
  | { readonly offset: bigint; readonly invalid: InvalidRecord };

export interface InvalidRecord {
  /** Names the field, never its value. */
  readonly reason: string;
  /** The record's headers, as `keepHeaders` writes them. */
  readonly headersBytes: Buffer;
  readonly value: Buffer;
}

/** What is stored in one transaction: consecutive records of one lane. */
export interface LaneBatch {
  readonly lane: number;
  readonly topicId: string;
  readonly records: readonly KafkaRecord[];
  /** What PostgreSQL's offset of the lane was seen to be, at least; null: it had none. */
  readonly storedTo: bigint | null;
  /** Where the lane goes on once these are stored. */
  readonly nextOffset: bigint;
}

/** A record as the client fetched it. */
export interface FetchedRecord extends ReceivedRecord {
  readonly offset: string;
}

/** A transaction of this many events stays well under the statement limit. */
const MAX_RECORDS = 500;
/** Held in memory decoded, beside the fetch it came from. */
const MAX_BYTES = 8 * 1024 * 1024;

/** Cuts a fetch into batches within the limits, at least one record each. `nextOffset` is where the lane goes on after all. */
export function cutLaneBatches(
  records: readonly FetchedRecord[],
  lane: Omit<LaneBatch, 'records'>,
): readonly LaneBatch[] {
  const pieces: FetchedRecord[][] = [];
  let bytes = 0;
  for (const record of records) {
    const size = record.value?.byteLength ?? 0;
    const piece = pieces.at(-1);
    if (piece === undefined || piece.length >= MAX_RECORDS || bytes + size > MAX_BYTES) {
      pieces.push([record]);
      bytes = size;
    } else {
      piece.push(record);
      bytes += size;
    }
  }
  return pieces.map((piece, index) => {
    const before = pieces[index - 1]?.at(-1);
    const next = pieces[index + 1]?.[0];
    return {
      lane: lane.lane,
      topicId: lane.topicId,
      records: piece.map(toKafkaRecord),
      storedTo: before === undefined ? lane.storedTo : BigInt(before.offset) + 1n,
      nextOffset: next === undefined ? lane.nextOffset : BigInt(next.offset),
    };
  });
}

function toKafkaRecord(record: FetchedRecord): KafkaRecord {
  const offset = BigInt(record.offset);
  try {
    return { offset, event: decodeRecord(record) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return {
      offset,
      invalid: {
        reason: error.message,
        headersBytes: keepHeaders(record.headers),
        value: record.value ?? Buffer.alloc(0),
      },
    };
  }
}
