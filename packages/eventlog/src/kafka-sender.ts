/**
 * The client's own `send` is passed by: it fails for all partitions where one has no leader, and where a topic was made anew with
 * fewer partitions, it throws where nobody can catch it. Its connections are used, and its encoding of a request.
 */
import { findErrorBy, GenericError, murmur2, ProduceAcks, Producer, produceV9 } from '@platformatic/kafka';
import { closeKafkaClient, KAFKA_CLIENT_ID } from './kafka-client.ts';
import { isUnknownTopic } from './kafka-topic.ts';
import { createKeptAnswer, type KeptAnswer } from './kept-answer.ts';
import { askLeaders, type Leaders } from './topic-leaders.ts';

const CONNECT_TIMEOUT_MS = 5_000;
/** Who leads is asked again when a broker says that it does not; this is for partitions that were added. */
const LEADERS_MAX_AGE_MS = 60_000;
const LEADERS_REFRESH_AGE_MS = 30_000;

export interface OutboundRecord {
  /** null: any partition. */
  readonly key: Buffer | null;
  readonly value: Buffer;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** `code`: what Kafka or the client calls it; null where neither says. */
export type SentRecord =
  | { readonly kind: 'acked' }
  /** The topic never takes this record, or Kafka has no topics with such a name. */
  | { readonly kind: 'refused'; readonly code: string }
  /** Nobody leads its partition now, and others of the topic are led. */
  | { readonly kind: 'unled'; readonly code: typeof NO_LEADER }
  /** No broker took it: no connection, no topic (yet), no leader at all, no replicas in time. */
  | { readonly kind: 'failed'; readonly code: string | null };

/** Sends records to one topic of somebody else's. Retries nothing but with the leader that is by now: the caller's schedule does. */
export interface KafkaSender {
  /**
   * Resolves when all in-sync replicas have it. Never rejects; a caller that waits no longer leaves it unknown whether they do,
   * but after `signal` nothing more is sent.
   */
  send(record: OutboundRecord, signal: AbortSignal): Promise<SentRecord>;
  close(): Promise<void>;
}

export interface KafkaSenderOptions {
  readonly brokers: readonly string[];
  readonly topic: string;
  /** Of one record. */
  readonly timeoutMs: number;
}

export function createKafkaSender(options: KafkaSenderOptions): KafkaSender {
  return new TopicSender(options);
}

const NO_LEADER = 'LEADER_NOT_AVAILABLE';
const UNKNOWN_TOPIC = 'UNKNOWN_TOPIC_OR_PARTITION';

/** What no other try would change, as long as nobody changes the topic. */
const REFUSALS = ['INVALID_TOPIC_EXCEPTION', 'MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD'];

/** Another broker or another partition is the right one by now. A leader that lost its part may have stored it: then it comes twice. */
const MOVED: ReadonlySet<string | null> = new Set([
  UNKNOWN_TOPIC,
  NO_LEADER,
  'NOT_LEADER_OR_FOLLOWER',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
]);

class TopicSender implements KafkaSender {
  readonly #topic: string;
  readonly #timeoutMs: number;
  readonly #client: Producer;
  readonly #leaders: KeptAnswer<Leaders>;
  #turn = 0;

  constructor({ brokers, topic, timeoutMs }: KafkaSenderOptions) {
    this.#topic = topic;
    this.#timeoutMs = timeoutMs;
    this.#client = new Producer({
      clientId: KAFKA_CLIENT_ID,
      bootstrapBrokers: [...brokers],
      idempotent: false, // see the decision on clients: with it acknowledged records were lost
      retries: 0,
      connectTimeout: Math.min(CONNECT_TIMEOUT_MS, timeoutMs),
      requestTimeout: timeoutMs,
      autocreateTopics: false,
    });
    this.#leaders = createKeptAnswer({
      ask: () => askLeaders(this.#client, topic),
      maxAgeMs: LEADERS_MAX_AGE_MS,
      refreshAgeMs: LEADERS_REFRESH_AGE_MS,
    });
  }

  async send(record: OutboundRecord, signal: AbortSignal): Promise<SentRecord> {
    const sent = await this.#try(record, signal);
    return sent.kind !== 'acked' && MOVED.has(sent.code) ? this.#try(record, signal) : sent;
  }

  close(): Promise<void> {
    return closeKafkaClient(this.#client);
  }

  async #try(record: OutboundRecord, signal: AbortSignal): Promise<SentRecord> {
    try {
      const leaders = await this.#leaders.get();
      const partition = choosePartition(leaders, record.key, this.#turn++);
      const leader = leaders[partition] ?? null;
      if (leader === null) {
        this.#leaders.forget();
        return { kind: leaders.some(node => node !== null) ? 'unled' : 'failed', code: NO_LEADER };
      }
      return await this.#produce(record, { partition, leader, signal });
    } catch (error) {
      const result = resultOf(error);
      if (result.kind !== 'refused') this.#forget();
      return result;
    }
  }

  async #produce(
    { key, value, headers }: OutboundRecord,
    { partition, leader, signal }: { partition: number; leader: number; signal: AbortSignal },
  ): Promise<SentRecord> {
    const connection = (await this.#client.connectToBrokers([leader])).get(leader);
    if (connection === undefined) {
      this.#forget();
      return { kind: 'failed', code: 'BROKER_NOT_AVAILABLE' };
    }
    if (signal.aborted) return { kind: 'failed', code: null };
    const record = {
      topic: this.#topic,
      partition,
      value,
      headers: new Map(headers.map(([name, text]) => [Buffer.from(name), Buffer.from(text)])),
      ...(key === null ? {} : { key }),
    };
    await produceV9.api.async(connection, ProduceAcks.ALL, this.#timeoutMs, [record], {});
    return { kind: 'acked' };
  }

  /** Leaders, and where brokers are. */
  #forget(): void {
    this.#leaders.forget();
    this.#client.clearMetadata();
  }
}

const POSITIVE = 0x7fffffff;

/**
 * By the key as Java's clients choose it, so that what others send with the key is in the same partition; without one in turn,
 * among those that somebody leads.
 */
export function choosePartition(leaders: Leaders, key: Buffer | null, turn: number): number {
  if (key !== null) return (murmur2(key) & POSITIVE) % leaders.length;
  const led = leaders.flatMap((leader, partition) => (leader === null ? [] : [partition]));
  return led[turn % led.length] ?? 0;
}

function resultOf(error: unknown): SentRecord {
  if (!(error instanceof Error)) return { kind: 'failed', code: null };
  if (isUnknownTopic(error)) return { kind: 'failed', code: UNKNOWN_TOPIC };
  const refusal = REFUSALS.find(apiId => findErrorBy(error, 'apiId', apiId) !== null);
  if (refusal !== undefined) return { kind: 'refused', code: refusal };
  return { kind: 'failed', code: codeOf(error) };
}

/** Kafka's own name where it answered, else the client's. */
function codeOf(error: Error): string | null {
  const answered: unknown = findErrorBy(error, 'code', 'PLT_KFK_PROTOCOL')?.['apiId'];
  if (typeof answered === 'string') return answered;
  return GenericError.isGenericError(error) ? error.code : null;
}
