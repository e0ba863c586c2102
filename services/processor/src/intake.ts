import { createInboxConsumer, type InboxConsumer } from '@ackline/eventlog/inbox-consumer';
import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import { peekInbox, peekInboxPast } from '@ackline/store/inbox';
import { countLanes, ensureLanes, readLaneOffsets } from '@ackline/store/lanes';
import type { Pool } from 'pg';
import type { KafkaReading, KafkaSource } from './kafka-reading.ts';
import { createInboxPeek } from './storing/inbox-peek.ts';
import type { LaneStorer } from './storing/lane-storer.ts';
import { readStandingLanes } from './standing-lanes.ts';

/** What Ackline creates the topic with; used while no broker has ever told otherwise. */
const DEFAULT_KAFKA_LANES = 12;
/** Without Kafka nothing is gained by more: one storer takes large batches. */
const INBOX_ONLY_LANES = 1;

export interface IntakeOptions {
  readonly pool: Pool;
  readonly kafka: KafkaSource | null;
  readonly workers: number;
  readonly log: Logger;
  /** How often the topic's settings are asked for again. Default: each minute. */
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
    /** null: there is no Kafka, or nothing was read of it yet. */
    readonly kafka: ReturnType<KafkaReading['snapshot']>;
  };
}

export async function connectIntake(options: IntakeOptions): Promise<Intake> {
  const { pool, log } = options;
  let lanes =
    options.kafka === null ? INBOX_ONLY_LANES : Math.max(DEFAULT_KAFKA_LANES, await countLanes(pool));
  await ensureLanes(pool, lanes);
  let inboxConsumer: InboxConsumer | null = null;
  const kafka = await openKafka(options, async partitions => {
    await ensureLanes(pool, partitions);
    lanes = partitions;
  });

  return {
    lanes: () => lanes,
    topicRetentionMs: () => kafka?.topicRetentionMs() ?? null,
    readsKafka: () => kafka?.isReading() ?? null,
    close: async () => kafka?.close(),
    components(storer) {
      const peekFirst = createInboxPeek((limit, fromN) => peekInbox(pool, limit, fromN));
      inboxConsumer = createInboxConsumer({
        peek: peekFirst,
        peekPast: look => peekInboxPast(pool, look),
        lanes: () => lanes,
        watermarks: kafka,
        // Before a broker has ever answered the topic is the one that was read last, as far as anybody can know.
        readOffsets: () => readLaneOffsets(pool, kafka?.topicId() ?? null),
        readStanding: () => readStandingLanes(pool),
        storeInbox: ns => storer.storeInboxRows(ns),
        log,
      });
      return kafka === null ? [inboxConsumer] : [inboxConsumer, kafka.component(storer)];
    },
    snapshot: () => ({ inbox: inboxConsumer?.snapshot() ?? null, kafka: kafka?.snapshot() ?? null }),
  };
}

async function openKafka(
  { kafka: source, pool, workers, log, watchEveryMs }: IntakeOptions,
  onPartitions: (partitions: number) => Promise<void>,
): Promise<KafkaReading | null> {
  if (source === null) return null;
  const { createKafkaReading } = await import('./kafka-reading.ts');
  return createKafkaReading({ source, pool, workers, log, watchEveryMs, onPartitions });
}
