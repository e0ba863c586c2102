import { AppError } from '@ackline/shared/app-error';
import type { EventEnvelope } from '@ackline/shared/envelope';
import { recordKey } from '@ackline/shared/record-key';
import { type MessageToProduce, ProduceAcks, Producer, stringSerializer } from '@platformatic/kafka';
import type { EventLog } from './event-log.ts';
import { MAX_BUFFERED_BYTES, MAX_BUFFERED_EVENTS } from './inbox-log.ts';
import { closeKafkaClient, KAFKA_CLIENT_ID } from './kafka-client.ts';
import { encodeRecord } from './kafka-record.ts';
import { createKeyOffsets, type KeyOffsets } from './key-offsets.ts';
import type { OpenedTopic } from './kafka-topic.ts';
import { keyHash, laneOf } from './lane.ts';
import { createMicroBatcher } from './micro-batcher.ts';
import type { KafkaAppender } from './tiers.ts';

/**
 * K1. `append` resolves only when all in-sync replicas have the record (`acks=all`).
 * K2. `append` settles within ACK_DEADLINE_MS, whatever the broker does. At the deadline the outcome is unknown.
 * K3. The producer is never idempotent and retries nothing but a stale leader: an idempotent one lost acked records when a
 *     broker was killed, and dedup is the processor's.
 * K4. What the client still does after a deadline ends by itself (REQUEST_TIMEOUT_MS, CONNECT_TIMEOUT_MS): nothing leaks.
 * K5. A record that the topic can not take rejects alone: no batch is larger than the topic's limit.
 * K6. `lastOffset` is of the event's own ordering key, and knows only offsets that the broker acked.
 */

/** An ack within a data centre takes a few ms; beyond this the inbox answers sooner than waiting on would. */
const ACK_DEADLINE_MS = 400;
/** Under the ack deadline, so that one unreachable bootstrap broker costs a batch a wait and not its deadline. */
const CONNECT_TIMEOUT_MS = 300;
/** A connection that says nothing for this long is dropped with all that waits on it. Shorter, and one long pause of a broker costs a reconnect. */
const REQUEST_TIMEOUT_MS = 1_500;
/** A leader that moved shows itself by an error at once; this is for what does not. */
const METADATA_MAX_AGE_MS = 30_000;
/** The client sends this many requests at a time on a connection; more would wait inside it, unseen. */
const MAX_BATCHES_IN_FLIGHT = 5;
const BATCH_EVENTS = 1_000;
/** Header, base offset and CRC of a record batch: 61 bytes, rounded up. */
const BATCH_OVERHEAD_BYTES = 128;
const NO_OFFSET = -1n;

export interface KafkaLogOptions {
  readonly brokers: readonly string[];
  readonly topic: Pick<OpenedTopic, 'name' | 'partitions' | 'maxMessageBytes'>;
}

export type KafkaLog = EventLog & KafkaAppender;

interface Produced {
  readonly lane: number;
  /** null: an event without an ordering key, which nothing has to wait for. */
  readonly keyHash: number | null;
  readonly message: MessageToProduce<string, Buffer, string, string>;
}

/** Connects with the first append. Rejections: ACKLINE_APPEND_TIMEOUT (K2), ACKLINE_RECORD_TOO_LARGE (K5), or the client's error. */
export function createKafkaLog({ brokers, topic }: KafkaLogOptions): KafkaLog {
  const producer = createProducer(brokers);
  const keyOffsets = createKeyOffsets();
  const maxBatchBytes = topic.maxMessageBytes - BATCH_OVERHEAD_BYTES;

  const batcher = createMicroBatcher<Produced>({
    flush: produce,
    maxItems: MAX_BUFFERED_EVENTS,
    maxBytes: MAX_BUFFERED_BYTES,
    batchItems: BATCH_EVENTS,
    batchBytes: maxBatchBytes, // (K5) whatever share of it one partition gets
    maxInFlight: MAX_BATCHES_IN_FLIGHT,
    timedOut: () =>
      new AppError('ACKLINE_APPEND_TIMEOUT', `Kafka did not confirm within ${ACK_DEADLINE_MS} ms`),
  });

  async function produce(batch: readonly Produced[]): Promise<null> {
    try {
      const { offsets = [] } = await producer.send({
        messages: batch.map(({ message }) => message),
        acks: ProduceAcks.ALL, // (K1)
        idempotent: false, // (K3)
      });
      const next = new Map(offsets.map(({ partition, offset }) => [partition, offset]));
      for (const { lane, keyHash: hash } of batch) {
        const offset = next.get(lane);
        if (offset === undefined) continue;
        if (hash !== null) keyOffsets.raise(hash, { lane, offset }); // (K6)
        next.set(lane, offset + 1n);
      }
      return null;
    } catch (error) {
      producer.clearMetadata(); // the leader may be another by now; without retries the client would keep asking this one
      throw error;
    }
  }

  return {
    name: 'kafka',
    get size() {
      return batcher.size;
    },
    lastOffset: event => lastOffsetOf(event, keyOffsets, topic.partitions),
    async append(event) {
      const { key, value, headers, sizeBytes } = encodeRecord(event);
      if (sizeBytes > maxBatchBytes) throw new AppError('ACKLINE_RECORD_TOO_LARGE'); // (K5)
      const hash = keyHash(key);
      const lane = laneOf(hash, topic.partitions);
      const message = { topic: topic.name, partition: lane, key, value, headers };
      const produced = { lane, keyHash: event.orderingKey === null ? null : hash, message };
      await batcher.add(produced, { owner: event.source, bytes: sizeBytes, deadlineMs: ACK_DEADLINE_MS }); // (K2)
      return { tier: 'kafka' };
    },
    async close() {
      await batcher.close();
      await closeKafkaClient(producer);
    },
  };
}

/** (K6) */
function lastOffsetOf(event: EventEnvelope, keyOffsets: KeyOffsets, lanes: number): bigint {
  if (event.orderingKey === null) return NO_OFFSET;
  const hash = keyHash(recordKey(event));
  return keyOffsets.get(hash, laneOf(hash, lanes));
}

function createProducer(brokers: readonly string[]): Producer<string, Buffer, string, string> {
  return new Producer({
    clientId: KAFKA_CLIENT_ID,
    bootstrapBrokers: [...brokers],
    idempotent: false, // (K3)
    acks: ProduceAcks.ALL,
    retries: 0, // (K3)
    connectTimeout: CONNECT_TIMEOUT_MS, // (K4)
    requestTimeout: REQUEST_TIMEOUT_MS, // (K4)
    timeout: ACK_DEADLINE_MS,
    maxInflights: MAX_BATCHES_IN_FLIGHT,
    metadataMaxAge: METADATA_MAX_AGE_MS,
    autocreateTopics: false,
    serializers: {
      key: stringSerializer,
      value: (value: Buffer | undefined) => value,
      headerKey: stringSerializer,
      headerValue: stringSerializer,
    },
  });
}
