import type { Logger } from '@ackline/runtime/logger';
import { LaneBehind } from '@ackline/store/lanes';
import type { EachBatchPayload } from 'kafkajs';
import { cutLaneBatches, type FetchedRecord, type LaneBatch } from './lane-batch.ts';
import type { LanePositions } from './lane-positions.ts';
import type { LaneProgress } from './lane-progress.ts';

/** Several fit in a session. */
export const HEARTBEAT_MS = 1_500;

/** What was read and is not committed: storing does not wait for deliveries, so this alone holds back what is fetched. */
export interface Pending {
  records: number;
  /** Of their values. */
  bytes: number;
}

/** What reading a batch needs of its consumer. */
export interface BatchContext {
  readonly topic: string;
  readonly topicId: string;
  storeLane(batch: LaneBatch): Promise<void>;
  readonly positions: LanePositions;
  readonly counts: { stored: number };
  /** Over all lanes. */
  readonly pending: Pending;
  readonly lags: Map<number, number>;
  /** When the first record of a lane that is not stored was appended, by the broker's clock or (CreateTime) its ingress', in epoch milliseconds; nothing where none is known. */
  readonly firstAt: Map<number, number>;
  readonly progress: Pick<LaneProgress, 'moved'>;
  readonly log: Pick<Logger, 'warn'>;
}

/** Stores what one fetch brought of one lane. The invariants are those of kafka-consumer.ts. */
export async function readBatch(payload: EachBatchPayload, context: BatchContext): Promise<void> {
  const { batch } = payload;
  const { positions } = context;
  const { partition: lane } = batch;
  const expected = positions.expected(lane);
  if (expected === null) return; // (C2)
  if (fetchedFrom(batch) !== expected) {
    positions.reposition(lane); // (C3)
    return;
  }
  context.lags.set(lane, lagOf(batch, expected));
  const first = batch.messages[0];
  if (first !== undefined) context.firstAt.set(lane, Number(first.timestamp));
  const held = hold(context.pending, batch.messages);
  try {
    await storePieces(payload, context, held);
  } finally {
    held.giveBackAll();
  }
}

async function storePieces(payload: EachBatchPayload, context: BatchContext, held: Held): Promise<void> {
  const { batch } = payload;
  const { positions, counts, topic, topicId, log } = context;
  const { partition: lane } = batch;
  const { epoch } = positions;
  const pieces = cutLaneBatches(batch.messages, {
    lane,
    topicId,
    storedTo: positions.storedTo(lane),
    nextOffset: BigInt(batch.lastOffset()) + 1n,
  });
  let done = 0;
  for (const piece of pieces) {
    if (!payload.isRunning() || payload.isStale() || positions.epoch !== epoch) return; // (C4)
    try {
      await whileBeating(payload, () => context.storeLane(piece));
    } catch (error) {
      log.warn({ err: error, lane, records: piece.records.length }, 'kafka.store-failed');
      if (positions.epoch !== epoch) return; // (C4)
      if (error instanceof LaneBehind)
        positions.goBack(lane); // (C10)
      else positions.retryLater(lane); // (C5)
      return;
    }
    counts.stored += piece.records.length;
    if (positions.epoch !== epoch) return; // (C4)
    payload.resolveOffset(String(piece.nextOffset - 1n));
    positions.advance(lane, piece.nextOffset);
    done += piece.records.length;
    noteStored(context, batch, { lane, nextOffset: piece.nextOffset, done });
    await commit(payload, { topic, lane, offset: piece.nextOffset }, log);
    held.giveBack(piece.records.length);
    await payload.heartbeat(); // throws when the group rebalances: the client joins again, and the rest is fetched anew
  }
}

function lagOf({ highWatermark }: EachBatchPayload['batch'], nextOffset: bigint): number {
  return Math.max(0, Number(BigInt(highWatermark) - nextOffset));
}

/** Of what is behind the fetch no time is known: it came after the last record that is stored. */
function noteStored(
  { lags, firstAt, progress }: BatchContext,
  batch: EachBatchPayload['batch'],
  { lane, nextOffset, done }: Pick<LaneBatch, 'lane' | 'nextOffset'> & { readonly done: number },
): void {
  progress.moved(lane);
  const lag = lagOf(batch, nextOffset);
  lags.set(lane, lag);
  const next = batch.messages[done] ?? batch.messages.at(-1);
  if (lag === 0 || next === undefined) firstAt.delete(lane);
  else firstAt.set(lane, Number(next.timestamp));
}

/** The records of one fetch while they are pending. */
interface Held {
  /** The next so many are committed. */
  giveBack(records: number): void;
  /** The others are not, and are fetched anew. */
  giveBackAll(): void;
}

function hold(pending: Pending, records: readonly Pick<FetchedRecord, 'value'>[]): Held {
  const sizes = records.map(record => record.value?.byteLength ?? 0);
  const giveBack = (count: number) => {
    const given = sizes.splice(0, count);
    pending.records -= given.length;
    pending.bytes -= sum(given);
  };
  pending.records += sizes.length;
  pending.bytes += sum(sizes);
  return { giveBack, giveBackAll: () => giveBack(sizes.length) };
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}

/** (C1) */
async function commit(
  payload: EachBatchPayload,
  at: { readonly topic: string; readonly lane: number; readonly offset: bigint },
  log: BatchContext['log'],
): Promise<void> {
  const partitions = [{ partition: at.lane, offset: String(at.offset) }];
  try {
    await payload.commitOffsetsIfNecessary({ topics: [{ topic: at.topic, partitions }] });
  } catch (error) {
    log.warn({ err: error, lane: at.lane }, 'kafka.commit-failed');
  }
}

/** The offset that the client asked for; its types do not name it. */
function fetchedFrom(batch: EachBatchPayload['batch']): bigint {
  if ('fetchedOffset' in batch) return BigInt(String(batch.fetchedOffset));
  return BigInt(batch.firstOffset() ?? batch.lastOffset());
}

/** (C6) A heartbeat that fails says so again after the batch, when it can be acted on. */
async function whileBeating(payload: EachBatchPayload, work: () => Promise<void>): Promise<void> {
  const timer = setInterval(() => void payload.heartbeat().catch(() => undefined), HEARTBEAT_MS);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
}
