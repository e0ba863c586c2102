/**
 * Where the waiting rows of the inbox go among the records of a Kafka batch. An example, of one key: ingress A knew of the record
 * at 10, then Kafka failed it; ingress B's Kafka did not.
 *
 *   the batch    10: A 12:00:00.0    11: B 12:00:01.0    12: B 12:00:03.0        times are those of the ids
 *   the inbox    row: A 12:00:02.0, after_offset 10, appended 12:00:02.4         the last one by PostgreSQL's clock
 *   is stored    10                  11                  row  12
 *
 * Behind 10 for sure; behind 11 and before 12 by clocks. Had 11 been of 12:00:01.95, then who knows: the row is counted. Had there
 * been no 12, the row would stay, for the next one may be earlier too; and a record of 12:00:01.95 would be counted.
 */
import { isOfSameProcess } from '@ackline/shared/event-id';

/** A waiting inbox row, in the order of appending. */
export interface WaitingRow {
  readonly n: string;
  /** Of its event: UUIDv7. */
  readonly id: string;
  readonly keyHash: number;
  /** The greatest Kafka offset of its key that was acked before this row was appended, as far as its ingress process knew. */
  readonly afterOffset: bigint;
  /** Epoch milliseconds, by PostgreSQL. */
  readonly appendedMs: number;
}

/** A record of a Kafka batch. */
export interface BatchRecord {
  readonly offset: bigint;
  /** Of its event; null: it is none. */
  readonly event: { readonly id: string; readonly keyHash: number } | null;
}

/** Inbox rows to store before the Kafka record of this offset. */
export interface Placement {
  readonly beforeOffset: bigint;
  readonly n: string;
  /** Some record of its key may as well belong on the other side of it. */
  readonly isUncertain: boolean;
}

export interface Merge {
  readonly rows: readonly Placement[];
  /** Of records that may belong behind a row that stays. */
  readonly uncertainOffsets: ReadonlySet<bigint>;
}

/** More than the clocks of two machines that are kept in time differ by. */
const CLOCKS_DIFFER_MS = 100;
/** Of a UUIDv7 the first 48 bits are its time, in milliseconds. */
const TIME_DIGITS = 12;

/**
 * Where the waiting rows of a Kafka batch's keys belong in it. A row comes after every record of its key that its ingress process
 * knew to be acked. Of the others only that process's own are later for sure: what another one sent it did not know. So ids
 * tell: they only grow in one process, and go by the clock between two. A row that belongs behind the last record of its key here
 * stays in the inbox, and so do the later rows of its key: a later batch takes them, or the inbox's own consumer, once the lane has
 * come as far as the log had when the row was seen.
 */
export function placeInboxRows(rows: readonly WaitingRow[], records: readonly BatchRecord[]): Merge {
  const recordsOf = timedRecordsOf(records);
  const reached = new Map<number, bigint>();
  const staying = new Set<number>();
  const placements: Placement[] = [];
  const uncertainOffsets = new Set<bigint>();
  for (const row of rows) {
    const ofKey = recordsOf.get(row.keyHash) ?? [];
    const known = later(row.afterOffset, reached.get(row.keyHash));
    // A copy of the event itself takes it along.
    const next = ofKey.findIndex(({ offset, id }) => offset > known && id >= row.id);
    if (next === -1) staying.add(row.keyHash);
    const unsure = ofKey.filter(isUnsureOf(row));
    if (staying.has(row.keyHash)) {
      for (const { offset } of unsure) uncertainOffsets.add(offset);
      continue;
    }
    const after = later(known, ofKey[next - 1]?.offset);
    reached.set(row.keyHash, after);
    const before = records.find(({ offset }) => offset > after); // that of `next` at the latest
    if (before === undefined) continue;
    placements.push({ beforeOffset: before.offset, n: row.n, isUncertain: unsure.length > 0 });
  }
  return { rows: placements, uncertainOffsets };
}

/**
 * Which records may have come before the row or after it: those of other processes about the time when it came. That is between what
 * its id says and when PostgreSQL had it: the two are far apart where the clock of its ingress is off, or where it waited in a spool.
 */
function isUnsureOf(row: WaitingRow): (record: TimedRecord) => boolean {
  const sentMs = timeOf(row.id);
  const fromMs = Math.min(sentMs, row.appendedMs) - CLOCKS_DIFFER_MS;
  const toMs = Math.max(sentMs, row.appendedMs) + CLOCKS_DIFFER_MS;
  return ({ offset, id, atMs }) =>
    offset > row.afterOffset && atMs > fromMs && atMs < toMs && !isOfSameProcess(id, row.id);
}

function later(one: bigint, other = -1n): bigint {
  return one > other ? one : other;
}

interface TimedRecord {
  readonly offset: bigint;
  readonly id: string;
  /** Epoch milliseconds, by its ingress. */
  readonly atMs: number;
}

/** By key. Each time is read once: a key that has thousands of records here may have hundreds of rows. */
function timedRecordsOf(records: readonly BatchRecord[]): ReadonlyMap<number, readonly TimedRecord[]> {
  const timed = new Map<number, TimedRecord[]>();
  for (const { offset, event } of records) {
    if (event === null) continue;
    const ofKey = timed.get(event.keyHash) ?? [];
    timed.set(event.keyHash, ofKey);
    ofKey.push({ offset, id: event.id, atMs: timeOf(event.id) });
  }
  return timed;
}

function timeOf(id: string): number {
  return Number.parseInt(id.replaceAll('-', '').slice(0, TIME_DIGITS), 16);
}

/** Of their events, each once. */
export function keyHashesOf(records: readonly BatchRecord[]): readonly number[] {
  return [...new Set(records.flatMap(({ event }) => (event === null ? [] : [event.keyHash])))];
}

/**
 * Rows whose bodies fit together, in order. What does not fit stays, with the later rows of its key; smaller ones of other keys
 * go past it (A6). At least one, so that a large one passes too.
 */
export function rowsWithinBytes<Row extends { readonly keyHash: number; readonly bodyBytes: number }>(
  rows: readonly Row[],
  maxBytes: number,
): readonly Row[] {
  const left = new Set<number>();
  let total = 0;
  const within = rows.filter(({ keyHash, bodyBytes }) => {
    if (left.has(keyHash) || total + bodyBytes > maxBytes) {
      left.add(keyHash);
      return false;
    }
    total += bodyBytes;
    return true;
  });
  return within.length > 0 ? within : rows.slice(0, 1);
}
