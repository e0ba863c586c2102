import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { AppError } from '@ackline/shared/app-error';
import type { EventEnvelope } from '@ackline/shared/envelope';
import { createPool } from '@ackline/store/pool';
import { type KafkaContainer, startKafka } from '@ackline/testkit/containers';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import { Kafka, logLevel } from 'kafkajs';
import type { Pool } from 'pg';
import type { ComposedLog } from '../src/composed-log.ts';
import { connectEventLog } from '../src/connect-event-log.ts';
import { createKafkaLog, type KafkaLog } from '../src/kafka-log.ts';
import { decodeRecord } from '../src/kafka-record.ts';
import { longestStayMs, type OpenedTopic, openTopic } from '../src/kafka-topic.ts';
import { createKeyOffsets, type KeyOffsets, lastOffsetOf } from '../src/key-offsets.ts';
import { keyHash, laneOf } from '../src/lane.ts';
import { createWatermarks } from '../src/watermarks.ts';
import { recordKey } from '@ackline/shared/record-key';
import { sampleEvent } from './event-sample.ts';

const quiet = { warn: () => undefined, info: () => undefined, error: () => undefined } as never;
const code = (expected: string) => (error: unknown) => error instanceof AppError && error.code === expected;
/** A question with this deadline is put beside a faster one: it must still wait when the fast one has its answer. */
const PATIENT_DEADLINE_MS = 60_000;

let broker: KafkaContainer;
let kafka: Kafka;

before(async () => {
  broker = await startKafka();
  kafka = new Kafka({
    brokers: [broker.brokers],
    logLevel: logLevel.NOTHING,
    retry: { retries: 20, maxRetryTime: 1_000 },
  });
});
after(async () => {
  await broker[Symbol.asyncDispose]();
});

function newTopic(): Promise<OpenedTopic> {
  return openTopic({
    brokers: [broker.brokers],
    topic: `t-${randomUUID()}`,
    durability: 'single-node',
    deadlineMs: 20_000,
  });
}

async function withLog(
  topic: OpenedTopic,
  use: (log: KafkaLog, keyOffsets: KeyOffsets) => Promise<void>,
): Promise<void> {
  const keyOffsets = createKeyOffsets();
  const log = createKafkaLog({ brokers: [broker.brokers], topic, keyOffsets });
  try {
    await use(log, keyOffsets);
  } finally {
    await log.close();
  }
}

/** Every record of the topic up to the high watermarks, read by another client. */
async function readAll(
  topic: OpenedTopic,
): Promise<{ lane: number; offset: bigint; event: EventEnvelope }[]> {
  const watermarks = createWatermarks({ brokers: [broker.brokers], topic });
  const high = await watermarks.highWatermarks(20_000);
  await watermarks.close();
  const wanted = [...high.values()].reduce((sum, offset) => sum + Number(offset), 0);
  const found: { lane: number; offset: bigint; event: EventEnvelope }[] = [];
  const consumer = kafka.consumer({ groupId: `reader-${randomUUID()}` });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic.name], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      found.push({ lane: partition, offset: BigInt(message.offset), event: decodeRecord(message) });
    },
  });
  await waitFor(() => found.length >= wanted, { timeoutMs: 60_000 });
  await consumer.disconnect();
  return found;
}

describe('topic', () => {
  it('is created with what the ack contract needs, as far as one broker allows', async () => {
    const topic = await newTopic();
    assert.equal(topic.partitions, 12);
    assert.equal(topic.replicationFactor, 1);
    assert.equal(topic.minInsyncReplicas, 1);
    assert.equal(topic.brokers, 1);
    assert.match(topic.topicId, /^[0-9a-f-]{36}$/);
    assert.equal(longestStayMs(topic), 21 * 86_400_000, 'with the segments of the broker’s default');
    assert.deepEqual(topic.weaknesses, [
      'replication factor is 1, needed: 3 or more',
      'min.insync.replicas is 1, needed: 2 or more',
    ]);
    const admin = kafka.admin();
    await admin.connect();
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: 2, name: topic.name }],
    });
    await admin.disconnect();
    const config = new Map(resources[0]?.configEntries.map(entry => [entry.configName, entry.configValue]));
    assert.equal(config.get('retention.ms'), String(14 * 86_400_000));
    assert.equal(config.get('unclean.leader.election.enable'), 'false');
    assert.equal(config.get('cleanup.policy'), 'delete');
  });

  it('is the same for two processes that create it at once', async () => {
    const name = `t-${randomUUID()}`;
    const open = () =>
      openTopic({ brokers: [broker.brokers], topic: name, durability: 'single-node', deadlineMs: 20_000 });
    const [one, other] = await Promise.all([open(), open()]);
    assert.equal(one.topicId, other.topicId);
    assert.equal((await open()).topicId, one.topicId);
  });

  it('is refused by name where it is weaker than the ack contract, and not made on too few brokers', async () => {
    const admin = kafka.admin();
    await admin.connect();
    const topic = `weak-${randomUUID()}`;
    await admin.createTopics({
      topics: [
        {
          topic,
          numPartitions: 3,
          replicationFactor: 1,
          configEntries: [
            { name: 'retention.ms', value: '3600000' },
            { name: 'cleanup.policy', value: 'compact' },
            { name: 'unclean.leader.election.enable', value: 'true' },
          ],
        },
      ],
    });
    const open = (name: string) =>
      openTopic({ brokers: [broker.brokers], topic: name, durability: 'cluster', deadlineMs: 20_000 });
    await assert.rejects(open(topic), (error: unknown) => {
      assert.ok(code('ACKLINE_KAFKA_NOT_DURABLE')(error));
      for (const named of [
        'replication factor is 1',
        'min.insync.replicas is 1',
        'retention.ms is 3600000',
      ]) {
        assert.ok((error as Error).message.includes(named), named);
      }
      assert.match(
        (error as Error).message,
        /cleanup\.policy is compact.*kafka-configs\.sh.*cleanup\.policy=delete/s,
      );
      return true;
    });
    const read = await openTopic({
      brokers: [broker.brokers],
      topic,
      durability: 'cluster',
      readOnly: true,
      deadlineMs: 20_000,
    });
    assert.equal(read.weaknesses.length, 5, 'what was acked in it is read all the same');
    const missing = `missing-${randomUUID()}`;
    await assert.rejects(open(missing), /1 of the 3 brokers/);
    assert.ok(!(await admin.listTopics()).includes(missing));
    await admin.disconnect();
  });

  it('gets another id when it is deleted and made anew', async () => {
    const first = await newTopic();
    const admin = kafka.admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [first.name] });
    await admin.disconnect();
    const open = () =>
      openTopic({
        brokers: [broker.brokers],
        topic: first.name,
        durability: 'single-node',
        deadlineMs: 20_000,
      });
    assert.notEqual((await waitFor(open, { timeoutMs: 30_000 })).topicId, first.topicId);
  });

  it('is unavailable, within the deadline, where nobody listens', async () => {
    await assert.rejects(
      openTopic({ brokers: ['127.0.0.1:1'], durability: 'cluster', deadlineMs: 1_000 }),
      code('ACKLINE_KAFKA_UNAVAILABLE'),
    );
  });
});

describe('kafka log', () => {
  it('has put every acked event where its key belongs, readable by another client, in order per key', async () => {
    const topic = await newTopic();
    await withLog(topic, async (log, keyOffsets) => {
      const events = Array.from({ length: 3_000 }, (_, i) =>
        sampleEvent({ orderingKey: `chat-${i % 40}`, type: `n${i}`, body: Buffer.from(`{"i":${i}}`) }),
      );
      // On a busy machine an append may run into its deadline: it is not acked then, and promises nothing.
      const acked = new Set<string>();
      for (let from = 0; from < events.length; from += 300) {
        const appends = events
          .slice(from, from + 300)
          .map(event => log.append(event).then(() => acked.add(event.id)));
        await Promise.allSettled(appends);
      }
      assert.ok(acked.size > 0);
      const found = await readAll(topic);
      assert.deepEqual(acked.difference(new Set(found.map(({ event }) => event.id))), new Set());
      const sent = new Map(events.map((event, index) => [event.id, { event, index }]));
      const lastIndexOfKey = new Map<string, number>();
      for (const { lane, offset, event } of found) {
        const { event: original, index } = sent.get(event.id)!;
        assert.deepEqual(event, original);
        assert.equal(lane, laneOf(keyHash(recordKey(event)), topic.partitions));
        assert.ok(index > (lastIndexOfKey.get(recordKey(event)) ?? -1));
        lastIndexOfKey.set(recordKey(event), index);
        if (acked.has(event.id))
          assert.ok(
            lastOffsetOf(event, keyOffsets, topic.partitions) >= offset,
            'the greatest acked offset is known',
          );
      }
    });
  });

  it('lets a record over the size limit reject alone, and takes one of 512 KiB', async () => {
    const topic = await newTopic();
    await withLog(topic, async log => {
      const tooLarge = assert.rejects(
        log.append(sampleEvent({ body: Buffer.alloc(1_100_000) })),
        code('ACKLINE_RECORD_TOO_LARGE'),
      );
      const fits = Array.from({ length: 5 }, () =>
        log.append(sampleEvent({ body: Buffer.alloc(512 * 1024, 1) })),
      );
      await Promise.all([tooLarge, ...fits, log.append(sampleEvent())]);
    });
  });

  it('rejects by its own deadline and not that of the client while the broker says nothing, then works again', async () => {
    const topic = await newTopic();
    await withLog(topic, async log => {
      await log.append(sampleEvent());
      await broker.pause();
      try {
        for (let round = 0; round < 3; round += 1) {
          const results = await Promise.allSettled(
            Array.from({ length: 200 }, () => log.append(sampleEvent())),
          );
          assert.ok(results.every(result => result.status === 'rejected'));
          // A deadline of its own says so; what the client gives up on has another error.
          if (round === 0) {
            const own = code('ACKLINE_APPEND_TIMEOUT');
            assert.ok(results.every(result => result.status === 'rejected' && own(result.reason)));
          }
          assert.equal(log.size, 0);
        }
      } finally {
        await broker.unpause();
      }
      await waitFor(() => log.append(sampleEvent()).then(() => true), { timeoutMs: 60_000 });
    });
  });

  it('closes while the broker is paused, and leaves no socket behind', async () => {
    const topic = await newTopic();
    const socketsBefore = openSockets();
    const log = createKafkaLog({ brokers: [broker.brokers], topic });
    await log.append(sampleEvent());
    assert.ok(openSockets() > socketsBefore);
    await broker.pause();
    try {
      const lost = Promise.allSettled([log.append(sampleEvent({ body: Buffer.alloc(500_000) }))]);
      await log.close();
      await lost;
      await assert.rejects(log.append(sampleEvent()), code('ACKLINE_LOG_CLOSED'));
      await waitFor(() => openSockets() === socketsBefore, { what: 'the sockets to the broker to close' });
    } finally {
      await broker.unpause();
    }
  });
});

function openSockets(): number {
  return process.getActiveResourcesInfo().filter(resource => resource === 'TCPSocketWrap').length;
}

describe('composed log on real Kafka', () => {
  let database: TestDatabase;
  let pool: Pool;

  before(async () => {
    database = await createTestDatabase();
    pool = createPool({
      connectionString: database.url,
      applicationName: 'kafka-test',
      max: 5,
      onError: () => undefined,
    });
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  const connect = (resetMs: number): Promise<ComposedLog> =>
    connectEventLog({
      guard: null,
      kafka: { brokers: [broker.brokers], durability: 'single-node' },
      pool,
      breaker: { failures: 10, resetMs },
      log: quiet,
    });

  const inInbox = async (ids: readonly string[]): Promise<number> =>
    (await pool.query('select 1 from inbox where id = any($1::uuid[])', [ids])).rows.length;

  it('refuses a start on a topic weaker than the ack contract', async () => {
    await assert.rejects(
      connectEventLog({
        guard: null,
        kafka: { brokers: [broker.brokers], durability: 'cluster' },
        pool,
        breaker: { failures: 10, resetMs: 60_000 },
        log: quiet,
      }),
      code('ACKLINE_KAFKA_NOT_DURABLE'),
    );
  });

  it('keeps every event through a killed broker, asks no Kafka while the breaker is open, and returns to it', async () => {
    const log = await connect(5_000);
    assert.deepEqual(await log.append(sampleEvent()), { tier: 'kafka' });
    assert.equal(log.snapshot().durability.length, 2);
    await broker.kill();
    const ids: string[] = [];
    const appendOne = () => {
      const event = sampleEvent();
      ids.push(event.id);
      return log.append(event);
    };
    assert.deepEqual(await appendOne(), { tier: 'inbox' });
    await waitFor(async () => {
      await appendOne();
      return log.snapshot().tiers[0]?.breaker?.status === 'OPEN';
    });
    const opened = log.snapshot().tiers[0]?.breaker;
    assert.deepEqual(await appendOne(), { tier: 'inbox' });
    assert.deepEqual(log.snapshot().tiers[0]?.breaker, opened); // a produce would have been one more failure
    assert.equal(await inInbox(ids), ids.length);
    assert.equal(log.snapshot().tierInUse, 'inbox');
    await broker.start();
    await waitFor(async () => (await log.append(sampleEvent())).tier === 'kafka', { timeoutMs: 120_000 });
    assert.equal(log.snapshot().tierInUse, 'kafka');
    await log.close();
  });

  it('starts without a broker, serves from the inbox, and uses Kafka once it is there', async () => {
    await broker.kill();
    const log = await connect(1_000);
    assert.equal(log.snapshot().kafka, 'connecting');
    assert.deepEqual(await log.append(sampleEvent()), { tier: 'inbox' });
    await broker.start();
    await waitFor(async () => (await log.append(sampleEvent())).tier === 'kafka', { timeoutMs: 120_000 });
    await log.close();
  });

  it('closes while it still looks for a broker', async () => {
    await broker.pause();
    try {
      const log = await connect(1_000);
      assert.equal(log.snapshot().kafka, 'connecting');
      await log.close();
    } finally {
      await broker.unpause();
    }
  });

  it('writes a body over the claim check limit to PostgreSQL though Kafka is there', async () => {
    const log = await connect(1_000);
    const event = sampleEvent({ body: Buffer.alloc(600 * 1024, 3) });
    assert.deepEqual(await log.append(event), { tier: 'inbox' });
    assert.equal(await inInbox([event.id]), 1);
    await log.close();
  });
});

describe('watermarks', () => {
  it('tell each lane of the topic where it begins and ends', async () => {
    const topic = await newTopic();
    const watermarks = createWatermarks({ brokers: [broker.brokers], topic });
    await withLog(topic, async log => {
      const event = sampleEvent();
      await log.append(event);
      const high = await watermarks.highWatermarks(20_000);
      assert.equal(high.size, topic.partitions);
      const lane = laneOf(keyHash(recordKey(event)), topic.partitions);
      for (const [at, offset] of high) assert.equal(offset, at === lane ? 1n : 0n);
      assert.ok([...(await watermarks.lowWatermarks(20_000)).values()].every(offset => offset === 0n));
    });
    await watermarks.close();
  });

  it('reject by their own deadline while the broker is paused, sooner than a question with a longer one', async () => {
    const watermarks = createWatermarks({ brokers: [broker.brokers], topic: await newTopic() });
    await watermarks.highWatermarks(20_000);
    await broker.pause();
    try {
      const ended: string[] = [];
      const patient = watermarks.highWatermarks(PATIENT_DEADLINE_MS).then(
        () => ended.push('patient'),
        () => ended.push('patient'),
      );
      await assert.rejects(watermarks.highWatermarks(), code('ACKLINE_KAFKA_UNAVAILABLE'));
      assert.deepEqual(ended, []);
      await patient; // the client's own timeout ends it
    } finally {
      await broker.unpause();
    }
    await waitFor(() => watermarks.highWatermarks(), { timeoutMs: 60_000 });
    await watermarks.close();
  });
});
