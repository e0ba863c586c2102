import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EVENTS_TOPIC, openTopic } from '@ackline/eventlog/kafka-topic';
import { createKafkaLog } from '@ackline/eventlog/kafka-log';
import { createHealthRegistry } from '@ackline/runtime/health';
import { supervise } from '@ackline/runtime/supervisor';
import type { EventEnvelope } from '@ackline/shared/envelope';
import { writeLaneOffset } from '@ackline/store/lanes';
import { inTransaction } from '@ackline/store/transaction';
import { startKafka } from '@ackline/testkit/containers';
import { withDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import { Kafka, logLevel } from 'kafkajs';
import { connectIntake } from '../src/intake.ts';
import { openPool, sampleEvent } from './events.ts';

const SLOW = { timeoutMs: 60_000 };
const DAY_MS = 86_400_000;
/** Kafka's number of it; the client's names are no exports that can be imported here. */
const TOPIC_RESOURCE = 2;

describe('a processor that reads Kafka', { timeout: 300_000 }, () => {
  it('knows how long its topic keeps records, also where somebody changes that meanwhile', async () => {
    await using broker = await startKafka();
    const kafka = { brokers: [broker.brokers], durability: 'single-node' } as const;
    // A broker that has just started may be too busy for an answer: as the processor does, it is asked again.
    const before = await waitFor(() => openTopic({ ...kafka, deadlineMs: 30_000 }), SLOW);
    await withDatabase(async ({ url }) => {
      const pool = openPool(url);
      const log = { debug: say, info: say, warn: say, error: say } as never;
      const intake = await connectIntake({ pool, kafka, workers: 1, log, watchEveryMs: 200 });
      const consumers = intake.components({
        storeKafkaBatch: () => Promise.resolve(),
        storeInboxRows: () => Promise.resolve(0),
      });
      const ending = new AbortController();
      const running = supervise(consumers, { signal: ending.signal, log, health: createHealthRegistry() });
      try {
        const stayMs = (retentionMs: number) => retentionMs + before.segmentMs;
        await waitFor(() => intake.topicRetentionMs() === stayMs(before.retentionMs), SLOW);
        await waitFor(() => setRetention(broker.brokers, 30 * DAY_MS).then(() => true), SLOW);
        await waitFor(() => intake.topicRetentionMs() === stayMs(30 * DAY_MS), SLOW);
      } finally {
        ending.abort();
        await running;
        await intake.close();
        await pool.end();
      }
    });
    assert.notEqual(before.retentionMs, 30 * DAY_MS);
  });

  it('reads all of a topic that was made anew, though more came to it than the old one had', async () => {
    await using broker = await startKafka();
    const kafka = { brokers: [broker.brokers], durability: 'single-node' } as const;
    const append = async (events: readonly EventEnvelope[]) => {
      const topic = await waitFor(() => openTopic({ ...kafka, deadlineMs: 30_000 }), SLOW);
      const log = createKafkaLog({ ...kafka, topic });
      for (const event of events) await waitFor(() => log.append(event).then(() => true), SLOW);
      await log.close();
    };
    const events = Array.from({ length: 12 }, () => sampleEvent({ orderingKey: 'chat' }));
    const stored = new Set<string>();
    await append(events.slice(0, 3));
    await withDatabase(async ({ url }) => {
      const pool = openPool(url);
      const log = { debug: say, info: say, warn: say, error: say } as never;
      const intake = await connectIntake({ pool, kafka, workers: 1, log, watchEveryMs: 1_000 });
      const consumers = intake.components({
        async storeKafkaBatch(batch) {
          for (const record of batch.records) if ('event' in record) stored.add(record.event.id);
          await inTransaction(pool, client => writeLaneOffset(client, batch));
        },
        storeInboxRows: () => Promise.resolve(0),
      });
      const ending = new AbortController();
      const running = supervise(consumers, { signal: ending.signal, log, health: createHealthRegistry() });
      try {
        await waitFor(() => stored.size === 3, SLOW);
        await makeAnew(broker.brokers);
        await append(events.slice(3));
        await waitFor(() => stored.size === events.length, SLOW);
      } finally {
        ending.abort();
        await running;
        await intake.close();
        await pool.end();
      }
    });
  });
});

const say = (): void => undefined;

async function makeAnew(broker: string): Promise<void> {
  const admin = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    await admin.deleteTopics({ topics: [EVENTS_TOPIC] });
    const topics = [{ topic: EVENTS_TOPIC, numPartitions: 12, replicationFactor: 1 }];
    await admin.createTopics({ waitForLeaders: true, topics });
  } finally {
    await admin.disconnect();
  }
}

async function setRetention(broker: string, retentionMs: number): Promise<void> {
  const admin = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: TOPIC_RESOURCE,
          name: EVENTS_TOPIC,
          configEntries: [{ name: 'retention.ms', value: String(retentionMs) }],
        },
      ],
    });
  } finally {
    await admin.disconnect();
  }
}
