import { createInboxConsumer, type InboxConsumer } from '@ackline/eventlog/inbox-consumer';
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
import { peekInbox, peekInboxBehind } from '@ackline/store/inbox';
import { countLanes, ensureLanes, readLaneOffsets, setLaneBack } from '@ackline/store/lanes';
import type { Pool } from 'pg';
import { createInboxPeek } from './storing/inbox-peek.ts';
import type { LaneStorer } from './storing/lane-storer.ts';
import { whileTopicIsWatched } from './topic-watch.ts';

/** What Ackline creates the topic with; used while no broker has ever told otherwise. */
const DEFAULT_KAFKA_LANES = 12;
/** Without Kafka nothing is gained by more: one storer takes large batches. */
const INBOX_ONLY_LANES = 1;
/** A broker that is starting answers within this; later the supervisor tries again. */
const TOPIC_DEADLINE_MS = 10_000;

interface KafkaSource {
  readonly brokers: readonly string[];
  readonly durability: KafkaDurability;
}

export interface IntakeOptions {
  readonly pool: Pool;
  readonly kafka: KafkaSource | null;
  readonly workers: number;
  readonly log: Logger;
  /** How often the topic's settings are asked for again. Default: each hour. */
  readonly watchEveryMs?: number;
}

/** How events come out of the two logs. */
export interface Intake {
  /** Lanes known now: the topic's partitions, once a broker has answered. */
  lanes(): number;
  /** How long the topic keeps records at most (-1: without end), as it was asked last; null: there is no Kafka, or no broker has told yet. */
  topicRetentionMs(): number | null;
  /** null: there is no Kafka. */
  readsKafka(): boolean | null;
  close(): Promise<void>;
  components(storer: LaneStorer): readonly Component[];
  snapshot(): {
    readonly inbox: ReturnType<InboxConsumer['snapshot']> | null;
    /** `weaknesses`: what makes its topic weaker than the ack contract. */
    readonly kafka: (KafkaConsumerSnapshot & Pick<OpenedTopic, 'weaknesses'>) | null;
  };
}

export async function connectIntake(options: IntakeOptions): Promise<Intake> {
  const { pool, kafka, log } = options;
  let lanes = kafka === null ? INBOX_ONLY_LANES : Math.max(DEFAULT_KAFKA_LANES, await countLanes(pool));
  await ensureLanes(pool, lanes);
  let opened: { readonly topic: OpenedTopic; readonly watermarks: Watermarks } | null = null;
  let inboxConsumer: InboxConsumer | null = null;
  let kafkaConsumer: KafkaConsumer | null = null;

  async function highWatermarks(deadlineMs?: number): Promise<ReadonlyMap<number, bigint>> {
    if (opened === null) throw new AppError('ACKLINE_KAFKA_UNAVAILABLE');
    return opened.watermarks.highWatermarks(deadlineMs);
  }

  /** One that was made anew is another one: it is opened when the consumer starts again. */
  function seen(topic: OpenedTopic): void {
    if (opened?.topic.topicId === topic.topicId) opened = { ...opened, topic };
  }

  function kafkaComponent(source: KafkaSource, storer: LaneStorer): Component {
    return {
      name: 'kafka-consumer',
      async run(signal) {
        const topic = await openToRead(source, { signal, log });
        await ensureLanes(pool, topic.partitions);
        lanes = topic.partitions;
        const before = opened;
        opened = { topic, watermarks: createWatermarks({ brokers: source.brokers, topic }) };
        await before?.watermarks.close();
        const consumer = createConsumer(options, { source, topic, storer });
        kafkaConsumer = consumer;
        const ask = (asked: AbortSignal) => openToRead(source, { signal: asked, log, create: false });
        const watch = { ask, seen, log, everyMs: options.watchEveryMs };
        await whileTopicIsWatched(watch, signal, () => consumer.run(signal));
      },
    };
  }

  return {
    lanes: () => lanes,
    topicRetentionMs: () => (opened === null ? null : longestStayMs(opened.topic)),
    readsKafka: () => (kafka === null ? null : kafkaConsumer?.snapshot().state === 'reading'),
    close: async () => opened?.watermarks.close(),
    components(storer) {
      const peekFirst = createInboxPeek((limit, fromN) => peekInbox(pool, limit, fromN));
      inboxConsumer = createInboxConsumer({
        peek: peekFirst,
        peekBehind: behind => peekInboxBehind(pool, behind),
        lanes: () => lanes,
        watermarks: kafka === null ? null : { highWatermarks },
        // Before a broker has ever answered the topic is the one that was read last, as far as anybody can know.
        readOffsets: () => readLaneOffsets(pool, opened?.topic.topicId ?? null),
        storeInbox: ns => storer.storeInboxRows(ns),
        log,
      });
      return kafka === null ? [inboxConsumer] : [inboxConsumer, kafkaComponent(kafka, storer)];
    },
    snapshot: () => ({
      inbox: inboxConsumer?.snapshot() ?? null,
      kafka: kafkaConsumer && { ...kafkaConsumer.snapshot(), weaknesses: opened?.topic.weaknesses ?? [] },
    }),
  };
}

function createConsumer(
  { pool, workers, log }: IntakeOptions,
  from: { readonly source: KafkaSource; readonly topic: OpenedTopic; readonly storer: LaneStorer },
): KafkaConsumer {
  return createKafkaConsumer({
    brokers: from.source.brokers,
    topic: from.topic,
    lanesAtATime: workers,
    readOffsets: topicId => readLaneOffsets(pool, topicId),
    setLaneBack: lane => setLaneBack(pool, lane),
    storeLane: batch => from.storer.storeKafkaBatch(batch),
    log,
  });
}

/** However weak the topic is by now: what was acked in it is there to be stored (A2). Only who appends to it refuses it. */
async function openToRead(
  source: KafkaSource,
  {
    log,
    ...how
  }: Pick<OpenTopicOptions, 'create'> & {
    readonly signal: AbortSignal;
    readonly log: Pick<Logger, 'warn'>;
  },
): Promise<OpenedTopic> {
  const topic = await openTopic({ ...source, ...how, readOnly: true, deadlineMs: TOPIC_DEADLINE_MS });
  const { name, weaknesses } = topic;
  if (weaknesses.length > 0 && source.durability !== 'single-node') {
    log.warn({ topic: name, weaknesses }, 'kafka.topic-weak');
  }
  return topic;
}
