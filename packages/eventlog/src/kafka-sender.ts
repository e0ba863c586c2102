import {
  compatibilityPartitioner,
  findErrorBy,
  GenericError,
  ProduceAcks,
  Producer,
} from '@platformatic/kafka';
import { closeKafkaClient, KAFKA_CLIENT_ID } from './kafka-client.ts';
import { isUnknownTopic } from './kafka-topic.ts';

const CONNECT_TIMEOUT_MS = 5_000;

export interface OutboundRecord {
  /** null: any partition. */
  readonly key: Buffer | null;
  readonly value: Buffer;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** `code`: what Kafka or the client calls it; null where neither says. */
export type SentRecord =
  | { readonly kind: 'acked' }
  /** The topic is not there, or never takes this record. */
  | { readonly kind: 'refused'; readonly code: string }
  /** No broker that leads the partition took it: no connection, no leader, no replicas in time. */
  | { readonly kind: 'failed'; readonly code: string | null };

/** Sends records to one topic of somebody else's. Retries nothing: the caller's schedule does. */
export interface KafkaSender {
  /** Resolves when all in-sync replicas have it. Never rejects; a caller that waits no longer leaves it unknown whether they do. */
  send(record: OutboundRecord): Promise<SentRecord>;
  close(): Promise<void>;
}

export interface KafkaSenderOptions {
  readonly brokers: readonly string[];
  readonly topic: string;
  /** Of one record. */
  readonly timeoutMs: number;
}

export function createKafkaSender({ brokers, topic, timeoutMs }: KafkaSenderOptions): KafkaSender {
  const producer = new Producer({
    clientId: KAFKA_CLIENT_ID,
    bootstrapBrokers: [...brokers],
    acks: ProduceAcks.ALL,
    idempotent: false, // see the decision on clients: with it acknowledged records were lost
    retries: 0,
    connectTimeout: Math.min(CONNECT_TIMEOUT_MS, timeoutMs),
    requestTimeout: timeoutMs,
    timeout: timeoutMs,
    autocreateTopics: false,
  });
  return {
    async send({ key, value, headers }) {
      const message = {
        topic,
        value,
        headers: new Map(headers.map(([name, text]) => [Buffer.from(name), Buffer.from(text)])),
        ...(key === null ? {} : { key }),
      };
      try {
        // As Java's clients choose it, so that what others send with the key is in the same partition.
        const partitioned = key === null ? {} : { partitioner: compatibilityPartitioner };
        await producer.send({ messages: [message], ...partitioned });
        return { kind: 'acked' };
      } catch (error) {
        return resultOf(error);
      }
    },
    close: () => closeKafkaClient(producer),
  };
}

/** What no other try would change, as long as nobody changes the topic. */
const REFUSALS = ['INVALID_TOPIC_EXCEPTION', 'MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD'];

function resultOf(error: unknown): SentRecord {
  if (!(error instanceof Error)) return { kind: 'failed', code: null };
  if (isUnknownTopic(error)) return { kind: 'refused', code: 'UNKNOWN_TOPIC_OR_PARTITION' };
  const refusal = REFUSALS.find(apiId => findErrorBy(error, 'apiId', apiId) !== null);
  if (refusal !== undefined) return { kind: 'refused', code: refusal };
  return { kind: 'failed', code: GenericError.isGenericError(error) ? error.code : null };
}
