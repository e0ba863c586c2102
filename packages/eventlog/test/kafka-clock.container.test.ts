import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it, mock } from 'node:test';
import { type KafkaContainer, startKafka } from '@ackline/testkit/containers';
import { waitFor } from '@ackline/testkit/wait-for';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { createKafkaLog } from '../src/kafka-log.ts';
import { type OpenedTopic, openTopic } from '../src/kafka-topic.ts';
import { createWatermarks } from '../src/watermarks.ts';
import { sampleEvent } from './event-sample.ts';

const DAY_MS = 86_400_000;
const SLOW = { timeoutMs: 60_000 };
const OF_THE_PRODUCER = 'message.timestamp.type is CreateTime, needed: LogAppendTime';
const name = () => `t-${randomUUID()}`;

describe('an ingress whose clock is behind by more than the topic keeps', { timeout: 600_000 }, () => {
  let broker: KafkaContainer;
  let admin: Admin;
  before(async () => {
    broker = await startKafka({
      KAFKA_LOG_RETENTION_CHECK_INTERVAL_MS: '1000',
      KAFKA_LOG_INITIAL_TASK_DELAY_MS: '1000',
    });
    const retry = { retries: 20, maxRetryTime: 1_000 };
    admin = new Kafka({ brokers: [broker.brokers], logLevel: logLevel.NOTHING, retry }).admin();
    await admin.connect();
  });
  after(async () => {
    await admin.disconnect();
    await broker[Symbol.asyncDispose]();
  });

  const open = (topic: string) =>
    openTopic({ brokers: [broker.brokers], topic, durability: 'single-node', deadlineMs: 60_000 });

  /** Resolves when the record is acked. */
  async function appendBehind(topic: OpenedTopic): Promise<void> {
    const log = createKafkaLog({ brokers: [broker.brokers], topic });
    const real = Date.now;
    const behind = mock.method(Date, 'now', () => real() - 15 * DAY_MS);
    try {
      await waitFor(() => log.append(sampleEvent()).then(() => true), SLOW);
    } finally {
      await log.close();
      behind.mock.restore();
    }
  }

  /** How many of its records the broker has removed. */
  async function removed(topic: OpenedTopic): Promise<number> {
    const watermarks = createWatermarks({ brokers: [broker.brokers], topic });
    try {
      return [...(await watermarks.lowWatermarks(20_000)).values()].reduce(
        (sum, low) => sum + Number(low),
        0,
      );
    } finally {
      await watermarks.close();
    }
  }

  /** A topic of the broker's own making, that keeps records by the time that their producer says. */
  async function olderTopic(): Promise<OpenedTopic> {
    const topic = name();
    const configEntries = [
      { name: 'retention.ms', value: String(14 * DAY_MS) },
      { name: 'message.timestamp.type', value: 'CreateTime' },
    ];
    await admin.createTopics({
      waitForLeaders: true,
      topics: [{ topic, numPartitions: 1, replicationFactor: 1, configEntries }],
    });
    return open(topic);
  }

  it('loses no acked record to the retention, which goes by the time of the broker', async () => {
    const topic = await open(name());
    await appendBehind(topic);
    // The broker looks through its topics again and again: of the second record that it finds too old here, it began after the first.
    const older = await olderTopic();
    for (const _ of ['first', 'second']) {
      const before = await removed(older);
      await appendBehind(older);
      await waitFor(async () => (await removed(older)) > before, SLOW);
    }
    assert.equal(await removed(topic), 0);
    assert.deepEqual([topic.tolerated, older.tolerated], [[], [OF_THE_PRODUCER]]);
  });
});
