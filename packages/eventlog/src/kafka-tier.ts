import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@ackline/shared/app-error';
import type { Logger } from '@ackline/runtime/logger';
import type { EventEnvelope } from '@ackline/shared/envelope';
import type { ErrorCode } from '@ackline/shared/error-codes';
import type { KafkaCluster } from './kafka-cluster.ts';
import { createKafkaLog } from './kafka-log.ts';
import { type KafkaDurability, type OpenedTopic, openTopic } from './kafka-topic.ts';
import { createKeyOffsets, type KeyOffsets, lastOffsetOf } from './key-offsets.ts';
import { type KafkaTier, type KafkaTierState, READY_EVERY_MS } from './tiers.ts';

/**
 * KT1. No event goes to a topic that was not seen to keep the ack contract: a topic that was made anew is another topic, and
 *      one that is too weak is refused, also while running.
 * KT2. Kafka is asked again for ever: a broker that comes, or a topic that was repaired, is used without a restart.
 * KT3. A topic that goes missing under a running process is not made again by it: someone deleted it, and the processors that
 *      read the old one would not see the new one. The inbox takes the events until it is there.
 * KT4. What is known of the topic's keys lives as long as the topic with these partitions, through refusals and other settings: an
 *      event that goes to the inbox meanwhile comes behind what the topic has of its key.
 */

/** How long a start waits for a broker before it goes on without: a broker that is up answers in a fraction of it. */
const START_DEADLINE_MS = 3_000;
/** A broker that is just starting may need several seconds to create a topic. */
const OPEN_DEADLINE_MS = 10_000;
/** Also the least time between two questions, however often `recheck` is called. */
const FIRST_RETRY_MS = 1_000;
/** A broker that comes back is used within this time. */
const MAX_RETRY_MS = 10_000;
/** Somebody has to repair the topic by hand. */
const REFUSED_EVERY_MS = 15_000;

const NO_OFFSET = -1n;

export interface KafkaTierOptions extends KafkaCluster {
  readonly durability: KafkaDurability;
  readonly log: Pick<Logger, 'warn' | 'error' | 'info'>;
  readonly topic?: string;
  /** A batch of so many events is about to be written. */
  readonly onBatch?: (events: number) => void;
  /** How a topic is opened, and written to. Default: on the brokers. */
  readonly open?: typeof openTopic;
  readonly createLog?: typeof createKafkaLog;
  /** Resolves after this long, or when aborted. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Opens the topic now, or goes on trying in the background where no broker answers; throws where the topic is too weak. */
export async function connectKafkaTier(options: KafkaTierOptions): Promise<KafkaTier> {
  const tier = new WatchedTier(options);
  const first = await tier.look(START_DEADLINE_MS);
  if (first instanceof AppError && first.code === 'ACKLINE_KAFKA_NOT_DURABLE') throw first;
  tier.start();
  return tier;
}

class WatchedTier implements KafkaTier {
  readonly #options: KafkaTierOptions;
  readonly #ending = new AbortController();
  #current: KafkaTierState = { state: 'connecting' };
  #problem: ErrorCode | null = null;
  /** As it was logged last. */
  #fileProblem: string | null = null;
  /** Of the current log. */
  #topic: OpenedTopic | null = null;
  /** (KT4) */
  #known: KnownKeys | null = null;
  #watching: Promise<void> = Promise.resolve();
  #wake = new AbortController();

  constructor(options: KafkaTierOptions) {
    this.#options = options;
  }

  get current(): KafkaTierState {
    return this.#current;
  }

  get problem(): ErrorCode | null {
    return this.#problem;
  }

  lastOffset(event: EventEnvelope): bigint {
    return this.#known === null
      ? NO_OFFSET
      : lastOffsetOf(event, this.#known.offsets, this.#known.partitions);
  }

  start(): void {
    this.#watching = this.#watch();
  }

  recheck(): void {
    this.#wake.abort();
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#watching;
    if (this.#current.state === 'ready') await this.#current.log.close();
  }

  /** (KT2) */
  async #watch(): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    while (!this.#ending.signal.aborted) {
      const wake = this.#wake.signal;
      const { wait = pause } = this.#options;
      await wait(FIRST_RETRY_MS, this.#ending.signal);
      await wait(this.#everyMs(retryMs) - FIRST_RETRY_MS, AbortSignal.any([this.#ending.signal, wake]));
      if (wake.aborted) this.#wake = new AbortController();
      if (this.#ending.signal.aborted) return;
      const failure = await this.look(OPEN_DEADLINE_MS);
      retryMs = failure === null ? FIRST_RETRY_MS : Math.min(retryMs * 2, MAX_RETRY_MS);
    }
  }

  #everyMs(retryMs: number): number {
    switch (this.#current.state) {
      case 'ready':
        return READY_EVERY_MS;
      case 'refused':
        return REFUSED_EVERY_MS;
      case 'none':
      case 'connecting':
        return retryMs;
      default: {
        const never: never = this.#current;
        return never;
      }
    }
  }

  /** Asks Kafka for the topic and takes on what it answers; the error where it is not to be used, or not known now. */
  async look(deadlineMs: number): Promise<unknown> {
    this.#tellOfFiles();
    const { log, open = openTopic, wait: _, onBatch: __, createLog: ___, ...options } = this.#options;
    const { signal } = this.#ending;
    const create = this.#current.state === 'connecting'; // (KT3)
    try {
      this.#use(await open({ ...options, deadlineMs, signal, create }));
      this.#problem = null;
      return null;
    } catch (error) {
      if (!signal.aborted)
        this.#problem = error instanceof AppError ? error.code : 'ACKLINE_KAFKA_UNAVAILABLE';
      if (error instanceof AppError && error.code === 'ACKLINE_KAFKA_NOT_DURABLE') await this.#refuse(error);
      else if (!signal.aborted) log.warn({ err: error }, 'kafka.unavailable'); // what was known before stays
      return error;
    }
  }

  /** A certificate that can not be taken in place of the one before it is known long before that one is over. */
  #tellOfFiles(): void {
    const problem = this.#options.security?.tls?.problem() ?? null;
    if (problem !== null && problem !== this.#fileProblem)
      this.#options.log.error({ problem }, 'kafka.tls-file-problem');
    this.#fileProblem = problem;
  }

  #use(topic: OpenedTopic): void {
    if (this.#ending.signal.aborted) return;
    const { log, brokers, security, createLog = createKafkaLog, onBatch = () => {} } = this.#options;
    const before = this.#current;
    const weaknesses = [...topic.weaknesses, ...topic.tolerated];
    if (before.state === 'ready' && this.#topic !== null && isSameLog(this.#topic, topic)) {
      this.#current = { ...before, weaknesses };
      return;
    }
    for (const warning of topic.warnings) log.warn({ topic: topic.name }, warning);
    if (topic.tolerated.length > 0)
      log.warn({ topic: topic.name, weaknesses: topic.tolerated }, 'kafka.topic-weak');
    const { offsets } = (this.#known = knownKeys(this.#known, topic));
    const onTopicChanged = (): void => {
      if (this.#known?.offsets === offsets) this.#known = null; // another topic may be refused, and says not which it is
      this.recheck();
    };
    const kafkaLog = createLog({ brokers, security, topic, keyOffsets: offsets, onTopicChanged, onBatch });
    this.#current = { state: 'ready', log: kafkaLog, weaknesses };
    this.#topic = topic;
    if (before.state === 'ready') void before.log.close(); // what is in it settles; what comes late goes to the inbox
    log.info({ topic: topic.name, topicId: topic.topicId }, 'kafka.connected');
  }

  /** (KT1) */
  async #refuse(error: AppError): Promise<void> {
    const before = this.#current;
    this.#current = { state: 'refused', error };
    if (before.state !== 'refused') this.#options.log.error({ err: error }, 'kafka.refused');
    if (before.state === 'ready') await before.log.close();
  }
}

/** Offsets of keys, and the topic whose they are. */
interface KnownKeys extends Pick<OpenedTopic, 'topicId' | 'partitions'> {
  readonly offsets: KeyOffsets;
}

function knownKeys(known: KnownKeys | null, { topicId, partitions }: OpenedTopic): KnownKeys {
  const isSame = known?.topicId === topicId && known.partitions === partitions;
  return isSame ? known : { topicId, partitions, offsets: createKeyOffsets() };
}

/** What a log takes from its topic for good. */
function isSameLog(one: OpenedTopic, other: OpenedTopic): boolean {
  return (
    one.topicId === other.topicId &&
    one.partitions === other.partitions &&
    one.maxMessageBytes === other.maxMessageBytes
  );
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
