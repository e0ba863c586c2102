import { AppError } from '@ackline/shared/app-error';
import type { EventEnvelope } from '@ackline/shared/envelope';
import type { AppendReceipt, EventLog } from './event-log.ts';
import { MAX_BUFFERED_BYTES, MAX_BUFFERED_EVENTS } from './inbox-log.ts';
import { type EncodedRecord, encodeRecord } from './kafka-record.ts';
import { isSecured } from './kafka-client.ts';
import type { KafkaCluster } from './kafka-cluster.ts';
import { createKeyOffsets, type KeyOffsets } from './key-offsets.ts';
import type { OpenedTopic } from './kafka-topic.ts';
import { keyHash, laneOf } from './lane.ts';
import { createLaneProducer, type LaneOutcome, type LaneProducer, type LaneRecord } from './lane-producer.ts';
import { createMicroBatcher, type Settle } from './micro-batcher.ts';
import { writeIsolating } from './refused-items.ts';
import type { KafkaAppender } from './tiers.ts';

/**
 * K1. `append` resolves only when all in-sync replicas have the record (`acks=all`).
 * K2. `append` settles within ACK_DEADLINE_MS, whatever the broker does. At the deadline the outcome is unknown.
 * K3. The producer is never idempotent and retries nothing but a stale leader: an idempotent one lost acked records when a
 *     broker was killed, and dedup is the processor's.
 * K4. What the client still does after a deadline ends by itself (REQUEST_TIMEOUT_MS, CONNECT_TIMEOUT_MS): nothing leaks.
 * K5. A record that the topic can not take rejects alone: no batch is larger than the topic's limit, and a batch that the
 *     broker refuses is divided.
 * K6. `keyOffsets` learns only offsets that the broker acked, and learns them before `append` resolves.
 */

/** An ack within a data centre takes a few ms; beyond this the inbox answers sooner than waiting on would. */
const ACK_DEADLINE_MS = 400;
/** Under the ack deadline, so that one unreachable bootstrap broker costs a batch a wait and not its deadline. */
const CONNECT_TIMEOUT_MS = 300;
/** TLS and a login are some ten exchanges: cut off at the other's time, one that takes longer would never come about. */
const SECURED_CONNECT_TIMEOUT_MS = 1_500;
/** A connection that says nothing for this long is dropped with all that waits on it. Shorter, and one long pause of a broker costs a reconnect. */
const REQUEST_TIMEOUT_MS = 1_500;
/** The client sends this many requests at a time on a connection; more would wait inside it, unseen. */
const MAX_BATCHES_IN_FLIGHT = 5;
const BATCH_EVENTS = 1_000;
/** Header, base offset and CRC of a record batch: 61 bytes, rounded up. */
const BATCH_OVERHEAD_BYTES = 128;
const KAFKA_RECEIPT: AppendReceipt = { tier: 'kafka' };

export interface KafkaLogOptions extends KafkaCluster {
  readonly topic: Pick<OpenedTopic, 'name' | 'topicId' | 'partitions' | 'maxMessageBytes'>;
  /** What is known of the topic's keys: whoever gives it keeps it for longer than this log. Default: of this log alone. */
  readonly keyOffsets?: KeyOffsets;
  /** The topic was deleted and made anew: this log takes no event any more. */
  readonly onTopicChanged?: () => void;
  /** A batch of so many events is about to be written. */
  readonly onBatch?: (events: number) => void;
}

export type KafkaLog = EventLog & KafkaAppender;

interface Produced extends LaneRecord {
  /** null: an event without an ordering key, which nothing has to wait for. */
  readonly keyHash: number | null;
}

/** Connects with the first append. Rejections: ACKLINE_APPEND_TIMEOUT (K2), ACKLINE_RECORD_TOO_LARGE (K5), or the client's error. */
export function createKafkaLog(options: KafkaLogOptions): KafkaLog {
  const { brokers, security, topic, keyOffsets = createKeyOffsets(), onTopicChanged = () => {} } = options;
  const producer = createLaneProducer({
    brokers,
    security,
    topic,
    connectTimeoutMs: isSecured(options) ? SECURED_CONNECT_TIMEOUT_MS : CONNECT_TIMEOUT_MS, // (K4)
    requestTimeoutMs: REQUEST_TIMEOUT_MS, // (K4)
    ackTimeoutMs: ACK_DEADLINE_MS,
    maxInFlight: MAX_BATCHES_IN_FLIGHT,
    onTopicChanged,
  });
  const maxBatchBytes = topic.maxMessageBytes - BATCH_OVERHEAD_BYTES;
  const batcher = createMicroBatcher<Produced>({
    flush: createProduce(producer, keyOffsets, options.onBatch),
    maxItems: MAX_BUFFERED_EVENTS,
    maxBytes: MAX_BUFFERED_BYTES,
    batchItems: BATCH_EVENTS,
    batchBytes: maxBatchBytes, // (K5) whatever share of it one lane gets
    maxInFlight: MAX_BATCHES_IN_FLIGHT,
    timedOut: () =>
      new AppError('ACKLINE_APPEND_TIMEOUT', `Kafka did not confirm within ${ACK_DEADLINE_MS} ms`),
  });

  function offer(event: EventEnvelope, settle: Settle): void {
    let record: EncodedRecord;
    try {
      record = encodeRecord(event);
    } catch (error) {
      return settle(error instanceof Error ? error : new AppError('ACKLINE_ENVELOPE_INVALID'));
    }
    const { key, value, headers, sizeBytes: bytes } = record;
    if (bytes > maxBatchBytes) return settle(new AppError('ACKLINE_RECORD_TOO_LARGE')); // (K5)
    const hash = keyHash(key);
    const lane = laneOf(hash, topic.partitions);
    const waitsFor = event.orderingKey === null ? null : hash;
    const produced = { key, value, headers, sizeBytes: bytes, lane, keyHash: waitsFor };
    batcher.offer(produced, { owner: event.source, bytes, deadlineMs: ACK_DEADLINE_MS }, settle); // (K2)
  }

  return {
    name: 'kafka',
    get size() {
      return batcher.size;
    },
    offer,
    append: event =>
      new Promise((resolve, reject) => {
        offer(event, error => (error === null ? resolve(KAFKA_RECEIPT) : reject(error)));
      }),
    async close() {
      await batcher.close();
      await producer.close();
    },
  };
}

/** Writes one batch; resolves with the records that alone failed. */
function createProduce(producer: LaneProducer, keyOffsets: KeyOffsets, onBatch: KafkaLogOptions['onBatch']) {
  /** Once more to lanes that moved (K3); what a broker refuses is written in parts until the one that it refuses is known (K5). */
  async function produce(records: readonly Produced[], mayMove: boolean): Promise<Map<Produced, Error>> {
    const failed = new Map<Produced, Error>();
    const moved: Produced[] = [];
    for (const outcome of await producer.produce(records)) {
      switch (outcome.kind) {
        case 'acked':
          raiseOffsets(outcome);
          break;
        case 'moved':
          if (mayMove) moved.push(...outcome.records);
          else for (const record of outcome.records) failed.set(record, outcome.error);
          break;
        case 'refused':
          for (const [record, error] of await isolate(outcome.records)) failed.set(record, error);
          break;
        case 'failed':
          for (const record of outcome.records) failed.set(record, outcome.error);
          break;
        default: {
          const never: never = outcome;
          return never;
        }
      }
    }
    if (moved.length > 0)
      for (const [record, error] of await produce(moved, false)) failed.set(record, error);
    return failed;
  }

  async function isolate(refused: readonly Produced[]): Promise<Map<Produced, Error>> {
    const failed = new Map<Produced, Error>();
    const alone = await writeIsolating(refused, {
      isRefusal: error => error instanceof Refusal,
      write: async part => {
        for (const outcome of await producer.produce(part)) {
          if (outcome.kind === 'acked') raiseOffsets(outcome);
          else if (outcome.kind === 'refused') throw new Refusal('refused', { cause: outcome.error });
          else for (const record of outcome.records) failed.set(record, outcome.error);
        }
      },
    });
    for (const [record, cause] of alone ?? []) {
      failed.set(record, new AppError('ACKLINE_RECORD_TOO_LARGE', undefined, { cause }));
    }
    return failed;
  }

  function raiseOffsets({ lane, records, baseOffset }: Acked): void {
    let offset = baseOffset;
    for (const { keyHash: hash } of records) {
      if (hash !== null) keyOffsets.raise(hash, { lane, offset }); // (K6)
      offset += 1n;
    }
  }

  return async (batch: readonly Produced[]) => {
    onBatch?.(batch.length);
    const failed = await produce(batch, true);
    return failed.size === 0 ? null : failed;
  };
}

type Acked = Extract<LaneOutcome<Produced>, { kind: 'acked' }>;

/** The broker refuses a batch for what is in it. */
class Refusal extends Error {}
