/**
 * Records for a topic of somebody else's, each with an outcome of its own. The client library's own `send` is passed by: it fails
 * for all partitions where one has no leader, and where a topic was made anew with fewer partitions, it throws where nobody can
 * catch it. Its connections are used, and its encoding of requests.
 *
 * What is known of the topic is one answer, the leaders of its partitions. A record that could not be sent by it asks for a newer
 * one, and those of other partitions go on with the old one meanwhile:
 * - a broker said that the answer is wrong (`moved`): asked at once, and the record is sent once more by the new answer;
 * - by the answer itself nobody leads the partition (`NO_LEADER`): so too, where the answer is older than a second;
 * - no connection, no answer in time, or any other failure: asked where the answer is older than a second, for the next records.
 * A record that is refused, or acknowledged, says nothing against the answer.
 */
import type { LookupFunction } from 'node:net';
import {
  type Connection,
  findErrorBy,
  metadataV9,
  murmur2,
  parseBroker,
  ProduceAcks,
  produceV9,
  ResponseError,
  TimeoutError,
} from '@platformatic/kafka';
import { type BrokerConnections, createBrokerConnections } from './broker-connections.ts';
import type { KafkaCluster } from './kafka-cluster.ts';
import { kafkaFault } from './kafka-faults.ts';
import { meaningOf, namesThatMean } from './kafka-errors.ts';
import { isUnknownTopic } from './kafka-topic.ts';
import { createKeptAnswer, type KeptAnswer } from './kept-answer.ts';
import { type Leaders, leadersIn } from './topic-leaders.ts';

/** Who leads is asked again when a record could not be sent by it; this is for partitions that were added. */
const LEADERS_MAX_AGE_MS = 60_000;
const LEADERS_REFRESH_AGE_MS = 30_000;
/** Records that nobody takes would ask without a pause. */
const LEADERS_MIN_AGE_MS = 1_000;
/** For the way of a broker's answer. */
const BROKER_MARGIN_MS = 1_000;

export interface OutboundRecord {
  /** null: any partition. */
  readonly key: Buffer | null;
  readonly value: Buffer;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** `code`: what Kafka, the client or the look-up of a name calls it; null where none says. */
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
   * Resolves when all in-sync replicas have it. Never rejects. After `signal` the record is written no more, and where it was
   * written before, the broker may take it yet: it comes once more then, perhaps behind later records of its key.
   */
  send(record: OutboundRecord, signal: AbortSignal): Promise<SentRecord>;
  close(): Promise<void>;
}

export interface KafkaSenderOptions extends KafkaCluster {
  readonly topic: string;
  /** Of one record. */
  readonly timeoutMs: number;
  /** Of the brokers' names. Default: the system's resolver. */
  readonly lookup?: LookupFunction;
}

export function createKafkaSender(options: KafkaSenderOptions): KafkaSender {
  return new TopicSender(options);
}

const NO_LEADER = 'LEADER_NOT_AVAILABLE';
const UNKNOWN_TOPIC = 'UNKNOWN_TOPIC_OR_PARTITION';

/** What no other try would change, as long as nobody changes the topic: its delivery is parked. */
const REFUSALS = namesThatMean('refused', 'topic-refused');

class TopicSender implements KafkaSender {
  readonly #options: KafkaSenderOptions;
  readonly #connections: BrokerConnections;
  readonly #leaders: KeptAnswer<Leaders>;
  /** As they were said last. */
  #known: Leaders = [];
  #turn = 0;

  constructor(options: KafkaSenderOptions) {
    this.#options = options;
    this.#connections = createBrokerConnections(options);
    this.#leaders = createKeptAnswer({
      ask: () => this.#askLeaders(),
      maxAgeMs: LEADERS_MAX_AGE_MS,
      refreshAgeMs: LEADERS_REFRESH_AGE_MS,
      whileRenewed: 'goes-on',
    });
  }

  async send(record: OutboundRecord, signal: AbortSignal): Promise<SentRecord> {
    try {
      const leaders = await this.#leaders.get();
      const sent = await this.#try(record, leaders, signal);
      if (sent.kind === 'acked' || sent.kind === 'refused') return sent;
      const isMoved = meaningOf(sent.code) === 'moved';
      const renewing = this.#leaders.renew(leaders, isMoved ? 0 : LEADERS_MIN_AGE_MS);
      if (!isMoved && sent.code !== NO_LEADER) {
        renewing.catch(() => undefined); // the next record asks again, and says why that failed
        return sent;
      }
      const renewed = await renewing;
      return renewed === leaders ? sent : await this.#try(record, renewed, signal);
    } catch (error) {
      return resultOf(error);
    }
  }

  close(): Promise<void> {
    return this.#connections.close();
  }

  async #try(record: OutboundRecord, leaders: Leaders, signal: AbortSignal): Promise<SentRecord> {
    const partition = choosePartition(leaders, record.key, this.#turn++);
    const leader = leaders[partition] ?? null;
    if (leader === null) {
      return { kind: leaders.some(node => node !== null) ? 'unled' : 'failed', code: NO_LEADER };
    }
    try {
      const connection = await this.#connections.to(leader, partition);
      if (signal.aborted) return { kind: 'failed', code: null };
      await this.#produce(record, partition, connection);
      return { kind: 'acked' };
    } catch (error) {
      return resultOf(error);
    }
  }

  async #produce(
    { key, value, headers }: OutboundRecord,
    partition: number,
    connection: Connection,
  ): Promise<void> {
    const { topic, timeoutMs } = this.#options;
    const record = {
      topic,
      partition,
      value,
      headers: new Map(headers.map(([name, text]) => [Buffer.from(name), Buffer.from(text)])),
      ...(key === null ? {} : { key }),
    };
    await produceV9.api.async(connection, ProduceAcks.ALL, brokerTimeoutMs(timeoutMs), [record], {});
  }

  /** The brokers of the list; where none of them answers, those that led. */
  async #askLeaders(): Promise<Leaders> {
    const { brokers, topic } = this.#options;
    const question = (connection: Connection) =>
      leadersIn(metadataV9.api.async(connection, [topic], false), topic);
    const listed = brokers.map(broker => parseBroker(broker));
    try {
      this.#known = await this.#connections.ask(listed, question);
    } catch (error) {
      const others = this.#known.filter(leader => leader !== null);
      if (error instanceof ResponseError || others.length === 0) throw error;
      this.#known = await this.#connections.ask(others, question);
    }
    return this.#known;
  }
}

/** Shorter than the client's own, which would close the connection: so the broker's answer says what it waited for. */
function brokerTimeoutMs(timeoutMs: number): number {
  return Math.ceil(Math.max(timeoutMs - BROKER_MARGIN_MS, timeoutMs / 2));
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

/** Ackline's where a person has to change something; Kafka's own where it answered, else the client's, or that of a look-up that failed. */
function codeOf(error: Error): string | null {
  const fault = kafkaFault(error);
  if (fault !== null && fault.code !== 'ACKLINE_KAFKA_NOT_ALLOWED') return fault.code;
  const answered: unknown = findErrorBy(error, 'code', 'PLT_KFK_PROTOCOL')?.['apiId'];
  if (typeof answered === 'string') return answered;
  if (error instanceof TimeoutError) return TimeoutError.code; // the client gives it the code of a lost connection
  return 'code' in error && typeof error.code === 'string' ? error.code : null;
}
