import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EVENTS_TOPIC, openTopic } from '@ackline/eventlog/kafka-topic';
import { createHealthRegistry } from '@ackline/runtime/health';
import { supervise } from '@ackline/runtime/supervisor';
import { startKafka } from '@ackline/testkit/containers';
import { withDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import { Kafka, logLevel } from 'kafkajs';
import { connectIntake } from '../src/intake.ts';
import { openPool } from './events.ts';

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
});

const say = (): void => undefined;

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
