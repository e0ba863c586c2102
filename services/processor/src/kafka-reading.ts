import type { KafkaCluster } from '@ackline/eventlog/kafka-cluster';
import { MAX_WAIT_MS } from '@ackline/eventlog/inbox-release';
import {
  createKafkaConsumer,
  type KafkaConsumer,
  type KafkaConsumerSnapshot,
} from '@ackline/eventlog/kafka-consumer';
import {
  type KafkaDurability,
  longestStayMs,
  openTopic,
  type OpenTopicOptions,
  type OpenedTopic,
} from '@ackline/eventlog/kafka-topic';
import { createWatermarks, type Watermarks } from '@ackline/eventlog/watermarks';
import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import { AppError } from '@ackline/shared/app-error';
import { readLaneOffsets, setLaneBack } from '@ackline/store/lanes';
import type { Pool } from 'pg';
import type { LaneStorer } from './storing/lane-storer.ts';
import { whileTopicIsWatched } from './topic-watch.ts';

/** A broker that is starting answers within this; later the supervisor tries again. */
const TOPIC_DEADLINE_MS = 10_000;

export interface KafkaSource extends KafkaCluster {
  readonly durability: KafkaDurability;
}

export interface KafkaReadingOptions {
  readonly source: KafkaSource;
  readonly pool: Pool;
  readonly workers: number;
  /** The topic has so many partitions. Called before any of them is read, and waited for. */
  readonly onPartitions: (partitions: number) => Promise<void>;
  readonly log: Logger;
  /** How often the topic's settings are asked for again. Default: each minute. */
  readonly watchEveryMs?: number | undefined;
}

/** How events come out of Kafka. */
export interface KafkaReading {
  /** null: no broker has told yet. */
  topicId(): string | null;
  /** As `topicId`. */
  topicRetentionMs(): number | null;
  isReading(): boolean;
  /** The first question waits until the topic is opened, or that has failed once: 5 s at most. */
  highWatermarks(): Promise<ReadonlyMap<number, bigint>>;
  component(storer: LaneStorer): Component;
  close(): Promise<void>;
  /** null: nothing was read yet. `weaknesses`: what makes the topic weaker than the ack contract. */
  snapshot(): (KafkaConsumerSnapshot & Pick<OpenedTopic, 'weaknesses'>) | null;
}

/** Imported only where there is Kafka: its clients are a third of all that a processor would load. */
export function createKafkaReading(options: KafkaReadingOptions): KafkaReading {
  const { source, log } = options;
  let opened: { readonly topic: OpenedTopic; readonly watermarks: Watermarks } | null = null;
  let consumer: KafkaConsumer | null = null;
  /** Until then nobody knows whether the brokers are away, and what the inbox keeps must not go for that. */
  const tried = Promise.withResolvers<void>();

  /** False: one that was made anew is another one, and is opened when the consumer starts again. */
  function seen(topic: OpenedTopic): boolean {
    if (opened?.topic.topicId !== topic.topicId) return false;
    if (topic.weaknesses.join() !== opened.topic.weaknesses.join()) sayWeak(topic, options);
    opened = { ...opened, topic };
    return true;
  }

  async function open(signal: AbortSignal): Promise<OpenedTopic> {
    const topic = await openToRead(options, { signal });
    sayWeak(topic, options);
    await options.onPartitions(topic.partitions);
    const before = opened;
    opened = { topic, watermarks: createWatermarks({ ...source, topic }) };
    await before?.watermarks.close();
    return topic;
  }

  async function firstTry(): Promise<void> {
    const timer = setTimeout(tried.resolve, MAX_WAIT_MS);
    await tried.promise;
    clearTimeout(timer);
  }

  return {
    topicId: () => opened?.topic.topicId ?? null,
    topicRetentionMs: () => (opened === null ? null : longestStayMs(opened.topic)),
    isReading: () => consumer?.snapshot().state === 'reading',
    async highWatermarks() {
      if (opened === null) await firstTry();
      return askOpened(() => opened?.watermarks ?? null);
    },
    component: storer => ({
      name: 'kafka-consumer',
      async run(signal) {
        const topic = await open(signal).finally(tried.resolve);
        const started = createConsumer(options, { topic, storer });
        consumer = started;
        const ask = (asked: AbortSignal) => openToRead(options, { signal: asked, create: false });
        const watch = { ask, seen, log, everyMs: options.watchEveryMs };
        await whileTopicIsWatched(watch, signal, ended => started.run(ended));
      },
    }),
    close: async () => opened?.watermarks.close(),
    snapshot: () => consumer && { ...consumer.snapshot(), weaknesses: opened?.topic.weaknesses ?? [] },
  };
}

/**
 * Where the topic is opened anew meanwhile (a consumer that ended starts again), the connections end under the question: that is no
 * broker that is away, and what the inbox keeps must not go for it.
 */
export async function askOpened(
  opened: () => Pick<Watermarks, 'highWatermarks'> | null,
): Promise<ReadonlyMap<number, bigint>> {
  for (;;) {
    const asked = opened();
    if (asked === null) throw new AppError('ACKLINE_KAFKA_UNAVAILABLE');
    try {
      return await asked.highWatermarks();
    } catch (error) {
      if (opened() === asked) throw error;
    }
  }
}

function createConsumer(
  { source, pool, workers, log }: KafkaReadingOptions,
  { topic, storer }: { readonly topic: OpenedTopic; readonly storer: LaneStorer },
): KafkaConsumer {
  return createKafkaConsumer({
    brokers: source.brokers,
    security: source.security,
    topic,
    lanesAtATime: workers,
    readOffsets: topicId => readLaneOffsets(pool, topicId),
    setLaneBack: lane => setLaneBack(pool, lane),
    storeLane: batch => storer.storeKafkaBatch(batch),
    log,
  });
}

/** However weak the topic is by now: what was acked in it is there to be stored (A2). Only who appends to it refuses it. */
function openToRead(
  { source, log }: Pick<KafkaReadingOptions, 'source' | 'log'>,
  how: Pick<OpenTopicOptions, 'create'> & { readonly signal: AbortSignal },
): Promise<OpenedTopic> {
  const problem = source.security?.tls?.problem() ?? null;
  if (problem !== null) log.error({ problem }, 'kafka.tls-file-problem');
  return openTopic({ ...source, ...how, readOnly: true, deadlineMs: TOPIC_DEADLINE_MS });
}

function sayWeak(
  { name, weaknesses }: OpenedTopic,
  { source, log }: Pick<KafkaReadingOptions, 'source' | 'log'>,
): void {
  if (weaknesses.length > 0 && source.durability !== 'single-node') {
    log.warn({ topic: name, weaknesses }, 'kafka.topic-weak');
  }
}
