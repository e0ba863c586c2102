import { AppError } from '@ackline/shared/app-error';
import { type Connection, Producer } from '@platformatic/kafka';
import { type KeptAnswer, createKeptAnswer } from './kept-answer.ts';
import { closeKafkaClient, KAFKA_CLIENT_ID, watchConnections } from './kafka-client.ts';
import { connectionOptions, type KafkaCluster } from './kafka-cluster.ts';
import { errorName, type KafkaErrorMeaning, meaningOf } from './kafka-errors.ts';
import {
  type BatchRecord,
  type LaneAnswer,
  PRODUCE_API_KEY,
  PRODUCE_API_VERSION,
  readProduceResponse,
  writeProduceRequest,
} from './kafka-produce-request.ts';

export interface LaneRecord extends BatchRecord {
  readonly lane: number;
}

export type LaneOutcome<R extends LaneRecord> = { readonly lane: number; readonly records: readonly R[] } & (
  | { readonly kind: 'acked'; readonly baseOffset: bigint }
  /** The broker takes other records, and not these: they are too large for it, or malformed. */
  | { readonly kind: 'refused'; readonly error: Error }
  /** Another broker leads the lane by now. */
  | { readonly kind: 'moved'; readonly error: Error }
  | { readonly kind: 'failed'; readonly error: Error }
);

/** Sends record batches to the leaders of their lanes, through the client library's connections. Retries nothing. */
export interface LaneProducer {
  /** Rejects when the topic's leaders are not known; else each lane has an outcome of its own. */
  produce<R extends LaneRecord>(records: readonly R[]): Promise<readonly LaneOutcome<R>[]>;
  close(): Promise<void>;
}

export interface LaneProducerOptions extends KafkaCluster {
  readonly topic: { readonly name: string; readonly topicId: string };
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** How long a broker may wait for its replicas. */
  readonly ackTimeoutMs: number;
  readonly maxInFlight: number;
  /** The topic was deleted and made anew: nothing is produced to it any more. */
  readonly onTopicChanged: () => void;
}

/** How old what is known of leaders may be: also how soon a topic is noticed that was made anew without a failure between. */
const LEADERS_MAX_AGE_MS = 5_000;
const LEADERS_REFRESH_AGE_MS = 3_000;
/**
 * What is refused goes to the inbox at once, so that it may be what another try would change. `kafka-sender.ts`, whose refused
 * records are parked, tries such again.
 */
const KIND_OF: Readonly<Record<KafkaErrorMeaning, 'refused' | 'moved' | 'failed'>> = {
  refused: 'refused',
  'refused-now': 'refused',
  'topic-refused': 'failed',
  moved: 'moved',
  unled: 'moved',
};

/** Kafka's own for what nobody knows. */
const UNANSWERED = -1;

/** Node ids by lane. */
type Leaders = readonly number[];

export function createLaneProducer(options: LaneProducerOptions): LaneProducer {
  return new KafkaLaneProducer(options);
}

class KafkaLaneProducer implements LaneProducer {
  readonly #options: LaneProducerOptions;
  readonly #client: Producer;
  readonly #connections = new Map<number, Connection>();
  readonly #leaders: KeptAnswer<Leaders>;

  constructor(options: LaneProducerOptions) {
    this.#options = options;
    this.#leaders = createKeptAnswer({
      ask: () => this.#askLeaders(),
      maxAgeMs: LEADERS_MAX_AGE_MS,
      refreshAgeMs: LEADERS_REFRESH_AGE_MS,
      whileRenewed: 'waits', // what goes to an old leader is lost time of its tier
    });
    this.#client = new Producer({
      clientId: KAFKA_CLIENT_ID,
      bootstrapBrokers: [...options.brokers],
      ...connectionOptions(options),
      idempotent: false,
      retries: 0,
      connectTimeout: options.connectTimeoutMs,
      requestTimeout: options.requestTimeoutMs,
      maxInflights: options.maxInFlight,
      autocreateTopics: false,
    });
    watchConnections(this.#client.connections);
  }

  async produce<R extends LaneRecord>(records: readonly R[]): Promise<readonly LaneOutcome<R>[]> {
    const leaders = await this.#leaders.get();
    const nodes = new Map<number, Map<number, R[]>>();
    for (const record of records) {
      const node = leaders[record.lane] ?? -1;
      const lanes = nodes.get(node) ?? new Map<number, R[]>();
      if (lanes.size === 0) nodes.set(node, lanes);
      const batch = lanes.get(record.lane);
      if (batch === undefined) lanes.set(record.lane, [record]);
      else batch.push(record);
    }
    const sending = [...nodes].map(async ([node, lanes]) => {
      const outcomes = await this.#send(node, lanes);
      if (outcomes.some(({ kind }) => kind === 'moved' || kind === 'failed')) this.#renew(leaders);
      return outcomes;
    });
    return (await Promise.all(sending)).flat();
  }

  close(): Promise<void> {
    return closeKafkaClient(this.#client);
  }

  async #send<R extends LaneRecord>(
    node: number,
    lanes: ReadonlyMap<number, readonly R[]>,
  ): Promise<LaneOutcome<R>[]> {
    try {
      return outcomesOf(lanes, await this.#request(node, lanes));
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error('The broker did not answer');
      return [...lanes].map(([lane, records]) => ({ lane, records, kind: 'failed' as const, error }));
    }
  }

  /** They may be others by now. The next records wait for that, and say why it failed. */
  #renew(leaders: Leaders): void {
    this.#leaders.renew(leaders, 0).catch(() => undefined);
  }

  async #request<R extends LaneRecord>(
    node: number,
    lanes: ReadonlyMap<number, readonly R[]>,
  ): Promise<readonly LaneAnswer[]> {
    const known = this.#connections.get(node);
    const connection = known?.isConnected() === true ? known : await this.#connect(node);
    const { topic, ackTimeoutMs: timeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      connection.send(
        PRODUCE_API_KEY,
        PRODUCE_API_VERSION,
        () => writeProduceRequest({ topic: topic.name, lanes, timeoutMs, now: Date.now() }),
        (_correlation, _key, _version, reader) => readProduceResponse(reader),
        true,
        true,
        (error, answers) => {
          if (error === null && answers !== undefined) resolve(answers);
          else reject(error ?? new Error('The broker gave no answer'));
        },
      );
    });
  }

  async #connect(node: number): Promise<Connection> {
    const connection = (await this.#client.connectToBrokers([node])).get(node);
    if (connection === undefined) throw new AppError('ACKLINE_KAFKA_UNAVAILABLE', 'The lane has no leader');
    this.#connections.set(node, connection);
    return connection;
  }

  /**
   * All lanes or none, unlike what `topic-leaders.ts` reads of a destination's topic: an event without a leader goes to the next
   * tier. And with the topic's id, since offsets of a topic that was made anew mean nothing to those of the old one. The client
   * lets a question join one that is on its way: what is known after a failure may be older than it, until the next one.
   */
  async #askLeaders(): Promise<Leaders> {
    const { name, topicId } = this.#options.topic;
    const metadata = await this.#client.metadata({ topics: [name], forceUpdate: true });
    const topic = metadata.topics.get(name);
    if (topic === undefined)
      throw new AppError('ACKLINE_KAFKA_UNAVAILABLE', `The topic ${name} is not there`);
    if (topic.id !== topicId) {
      this.#options.onTopicChanged();
      throw new AppError('ACKLINE_KAFKA_UNAVAILABLE', `The topic ${name} was made anew`);
    }
    return topic.partitions.map(({ leader }) => leader);
  }
}

/** What each lane was answered; one that was not answered has failed. Lanes that fail alike share one error. */
function outcomesOf<R extends LaneRecord>(
  lanes: ReadonlyMap<number, readonly R[]>,
  answers: readonly LaneAnswer[],
): LaneOutcome<R>[] {
  const errors = new Map<number, Error>();
  const byLane = new Map(answers.map(answer => [answer.lane, answer]));
  return [...lanes].map(([lane, records]) => {
    const { errorCode, baseOffset } = byLane.get(lane) ?? { errorCode: UNANSWERED, baseOffset: -1n };
    if (errorCode === 0) return { lane, records, kind: 'acked', baseOffset };
    const error = errors.get(errorCode) ?? kafkaError(errorCode);
    errors.set(errorCode, error);
    const meaning = meaningOf(errorName(errorCode));
    return { lane, records, kind: meaning === null ? 'failed' : KIND_OF[meaning], error };
  });
}

function kafkaError(errorCode: number): AppError {
  const name = errorName(errorCode) ?? `error ${errorCode}`;
  return new AppError('ACKLINE_KAFKA_UNAVAILABLE', `Kafka answered ${name}`);
}
