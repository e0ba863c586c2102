import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createKafkaSender, type SentRecord } from '../src/kafka-sender.ts';
import { type KafkaContainer, startKafka } from '@ackline/testkit/containers';
import { waitFor } from '@ackline/testkit/wait-for';
import { Kafka, logLevel } from 'kafkajs';

const TOPIC = 'orders';
const TIMEOUT_MS = 20_000;

describe('a topic of which one partition has lost its leader', { timeout: 600_000 }, () => {
  let [first, second]: KafkaContainer[] = [];
  before(async () => {
    first = await startKafka();
    second = await startKafka({}, { joins: first });
    const retry = { retries: 20, maxRetryTime: 1_000 };
    const admin = new Kafka({ brokers: [first.brokers], logLevel: logLevel.NOTHING, retry }).admin();
    await admin.connect();
    await waitFor(async () => (await admin.describeCluster()).brokers.length === 2, { timeoutMs: 60_000 });
    const replicaAssignment = [1, 2].map((node, partition) => ({ partition, replicas: [node] }));
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic: TOPIC, replicaAssignment }] });
    await admin.disconnect();
  });
  after(async () => {
    await first?.[Symbol.asyncDispose]();
    await second?.[Symbol.asyncDispose]();
  });

  it('takes the records of the others, and those of its own again when it has one', async () => {
    const sender = createKafkaSender({
      brokers: [first?.brokers ?? ''],
      topic: TOPIC,
      timeoutMs: TIMEOUT_MS,
    });
    const send = (key: string | null): Promise<SentRecord> =>
      sender.send(
        { key: key === null ? null : Buffer.from(key), value: Buffer.from('x'), headers: [] },
        AbortSignal.timeout(TIMEOUT_MS),
      );
    const keys = Array.from({ length: 20 }, (_, n) => `chat-${n}`);
    const sendAll = async () => Object.groupBy(await Promise.all(keys.map(send)), ({ kind }) => kind);
    await waitFor(async () => (await sendAll()).acked?.length === keys.length, { timeoutMs: 60_000 });
    await second?.kill();
    const sent = await waitFor(
      async () => {
        const by = await sendAll();
        return by.unled === undefined ? null : by;
      },
      { timeoutMs: 120_000, what: 'the controller to see that the broker is gone' },
    );
    assert.equal((sent.unled?.length ?? 0) + (sent.acked?.length ?? 0), keys.length);
    const keyless = await Promise.all([1, 2, 3, 4].map(() => send(null)));
    assert.deepEqual(new Set(keyless.map(({ kind }) => kind)), new Set(['acked']));
    await second?.start();
    await waitFor(async () => (await sendAll()).acked?.length === keys.length, { timeoutMs: 120_000 });
    await sender.close();
  });
});
