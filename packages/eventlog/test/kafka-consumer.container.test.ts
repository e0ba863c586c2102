import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { after, afterEach, before, describe, it } from 'node:test';
import { AppError } from '@ackline/shared/app-error';
import type { EventEnvelope } from '@ackline/shared/envelope';
import { type KafkaContainer, startKafka } from '@ackline/testkit/containers';
import { waitFor } from '@ackline/testkit/wait-for';
import { type Admin, Kafka, logLevel, type Producer } from 'kafkajs';
import { closeKafkaClient, createKafkaAdmin } from '../src/kafka-client.ts';
import { createKafkaConsumer, type KafkaConsumer, type LaneBatch } from '../src/kafka-consumer.ts';
import { encodeRecord } from '../src/kafka-record.ts';
import { type OpenedTopic, openTopic } from '../src/kafka-topic.ts';
import { keyHash, laneOf } from '../src/lane.ts';
import { sampleEvent } from './event-sample.ts';

const quiet = {
  warn: () => undefined,
  info: () => undefined,
  error: () => undefined,
  debug: () => undefined,
} as never;
const GROUP = 'ackline-processor';
const SLOW_MACHINE_MS = 90_000;
const RESTART_WAIT_MS = 200;

let broker: KafkaContainer;
let admin: Admin;
let producer: Producer;
/** Stopped after each test, also after one that failed: a member that stays keeps its lanes from the next. */
const started = new Set<Started>();

before(async () => {
  broker = await startKafka();
  const kafka = new Kafka({
    brokers: [broker.brokers],
    logLevel: logLevel.NOTHING,
    retry: { retries: 20, maxRetryTime: 1_000 },
  });
  admin = kafka.admin();
  producer = kafka.producer();
  await Promise.all([admin.connect(), producer.connect()]);
});
afterEach(async () => {
  await Promise.all([...started].map(({ stop }) => stop().catch(() => undefined)));
  started.clear();
});
after(async () => {
  await producer.disconnect();
  await admin.disconnect();
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

/** As the Kafka log writes them, but by a client without an ack deadline: the machine may be busy. */
async function append(topic: OpenedTopic, events: readonly EventEnvelope[]): Promise<readonly string[]> {
  await producer.send({
    topic: topic.name,
    acks: -1,
    messages: events.map(event => {
      const { key, value, headers } = encodeRecord(event);
      return { key, value, headers: { ...headers }, partition: laneOf(keyHash(key), topic.partitions) };
    }),
  });
  return events.map(event => event.id);
}

const manyEvents = (count: number) =>
  Array.from({ length: count }, (_, i) => sampleEvent({ orderingKey: `chat-${i % 60}` }));

/** Stands for PostgreSQL: what was stored, and how far each lane is. Refuses a gap, as no test may ever see one. */
function createStore() {
  const ids: string[] = [];
  const batches: LaneBatch[] = [];
  const next = new Map<number, bigint>();
  const gaps: string[] = [];
  return {
    ids,
    batches,
    next,
    gaps,
    failLane: null as number | null,
    /** Each batch of this one waits for the gate, those of the others don't. */
    hangLane: null as number | null,
    gate: Promise.resolve(),
    entered: 0,
    async store(batch: LaneBatch): Promise<void> {
      this.entered += 1;
      if (this.hangLane === null || batch.lane === this.hangLane) await this.gate;
      if (batch.lane === this.failLane) throw new Error('the store is away');
      const from = batch.records[0]!.offset;
      if (from > (next.get(batch.lane) ?? 0n))
        gaps.push(`lane ${batch.lane}: ${next.get(batch.lane)} → ${from}`);
      batches.push(batch);
      for (const record of batch.records) if ('event' in record) ids.push(record.event.id);
      next.set(batch.lane, batch.nextOffset);
    },
  };
}
type Store = ReturnType<typeof createStore>;

interface Started {
  readonly consumer: KafkaConsumer;
  /** Of its first life; it is started again then. */
  readonly firstEnd: Promise<void>;
  readonly stop: () => Promise<void>;
}

function startConsumer(topic: OpenedTopic, store: Store): Started {
  const consumer = createKafkaConsumer({
    brokers: [broker.brokers],
    topic,
    lanesAtATime: 4,
    readOffsets: async () => [...store.next].map(([lane, nextOffset]) => ({ lane, nextOffset })),
    setLaneBack: async ({ lane, to }) => void store.next.set(lane, to),
    storeLane: batch => store.store(batch),
    log: quiet,
  });
  const stopping = new AbortController();
  const { signal } = stopping;
  const firstEnd = consumer.run(signal);
  const supervised = firstEnd.catch(async () => {
    // As the supervisor does it: a coordinator that is still loading ends a consumer too.
    while (!signal.aborted) await consumer.run(signal).catch(() => delay(RESTART_WAIT_MS));
  });
  const handle = {
    consumer,
    firstEnd,
    stop: async () => {
      stopping.abort();
      await supervised;
    },
  };
  started.add(handle);
  return handle;
}

const hasAll = (store: Store, ids: readonly string[]) => () => {
  const stored = new Set(store.ids);
  return ids.every(id => stored.has(id));
};

const until = (condition: () => boolean | Promise<boolean>, what: string) =>
  waitFor(condition, { timeoutMs: SLOW_MACHINE_MS, what });

async function committed(topic: OpenedTopic): Promise<Map<number, string>> {
  const [offsets] = await admin.fetchOffsets({ groupId: GROUP, topics: [topic.name] });
  return new Map(offsets!.partitions.map(({ partition, offset }) => [partition, offset]));
}

async function members(): Promise<number> {
  const { groups } = await admin.describeGroups([GROUP]);
  return groups[0]!.members.length;
}

describe('kafka consumer', () => {
  it('gets every event that was there before the first consumer ever started, once, in order per lane', async () => {
    const topic = await newTopic();
    const ids = await append(topic, manyEvents(1_000));
    const store = createStore();
    const { stop, consumer } = startConsumer(topic, store);
    await until(hasAll(store, ids), 'all events');
    assert.equal(consumer.snapshot().state, 'reading');
    await stop();
    assert.equal(consumer.snapshot().state, 'stopped');
    assert.equal(consumer.snapshot().stored, 1_000);
    assert.equal(store.ids.length, 1_000);
    assert.deepEqual(store.gaps, []);
    assert.ok(store.batches.every(batch => batch.topicId === topic.topicId));
    for (const [lane, offset] of await committed(topic)) {
      assert.equal(
        offset,
        String(store.next.get(lane) ?? -1),
        `lane ${lane}: Kafka's offset follows PostgreSQL's`,
      );
    }
  });

  it("goes back to PostgreSQL's offset where Kafka's committed one is ahead", async () => {
    const topic = await newTopic();
    await append(topic, manyEvents(300));
    const first = createStore();
    const before = startConsumer(topic, first);
    await until(() => first.ids.length === 300, 'all events');
    await before.stop();

    const restored = createStore(); // as from a backup: older than Kafka's offsets
    for (const [lane, next] of first.next) restored.next.set(lane, next / 2n);
    const expected = [...first.next.values()].reduce((sum, next) => sum + Number(next - next / 2n), 0);
    const again = startConsumer(topic, restored);
    await until(() => restored.ids.length >= expected, 'what the restored store lacks');
    await again.stop();
    assert.equal(restored.ids.length, expected);
    assert.deepEqual(restored.gaps, []);
  });

  it('starts at the earliest record where PostgreSQL knows nothing, though Kafka has a committed offset', async () => {
    const topic = await newTopic();
    await append(topic, manyEvents(100));
    const first = createStore();
    const before = startConsumer(topic, first);
    await until(() => first.ids.length === 100, 'all events');
    await before.stop();
    const empty = createStore();
    const again = startConsumer(topic, empty);
    await until(() => empty.ids.length === 100, 'all events again');
    await again.stop();
  });

  it('starts at the earliest record where the log is shorter than what PostgreSQL says', async () => {
    const topic = await newTopic();
    const ids = await append(topic, manyEvents(100));
    const store = createStore();
    for (let lane = 0; lane < topic.partitions; lane += 1) store.next.set(lane, 1_000_000n);
    const { stop } = startConsumer(topic, store);
    await until(hasAll(store, ids), 'all events');
    await stop();
  });

  it('goes on at the first record that is left when retention took what a failing lane had not read', async () => {
    const topic = await newTopic();
    const event = () => sampleEvent({ orderingKey: 'one-lane' });
    const lane = laneOf(keyHash('telegram\u0000one-lane'), topic.partitions);
    await append(topic, Array.from({ length: 50 }, event));
    const store = createStore();
    store.failLane = lane;
    const { stop, consumer } = startConsumer(topic, store);
    await until(() => consumer.snapshot().retrying.includes(lane), 'the lane to fail');
    const records = createKafkaAdmin({ brokers: [broker.brokers] });
    await records.deleteRecords({
      topics: [{ name: topic.name, partitions: [{ partition: lane, offset: 40n }] }],
    });
    await closeKafkaClient(records);
    const ids = await append(topic, [event()]);
    store.next.set(lane, 40n); // the store here refuses gaps; this one is not the consumer's
    store.failLane = null;
    await until(hasAll(store, ids), 'the newest event');
    await stop();
    assert.equal(store.ids.length, 11);
  });

  it('tries a batch again until it is stored, while other lanes go on', async () => {
    const topic = await newTopic();
    const store = createStore();
    store.failLane = laneOf(keyHash('telegram\u0000chat-0'), topic.partitions);
    const ids = await append(topic, manyEvents(600));
    const { stop, consumer } = startConsumer(topic, store);
    const failing = store.failLane;
    const others = async () => {
      const topicOffsets = await admin.fetchTopicOffsets(topic.name);
      return topicOffsets.every(
        ({ partition, high }) => partition === failing || String(store.next.get(partition) ?? 0) === high,
      );
    };
    await until(others, 'the other lanes');
    await until(() => consumer.snapshot().retrying.includes(failing), 'the failing lane to be retried');
    assert.equal(store.next.has(failing), false);
    await until(() => consumer.snapshot().movingSince === null, 'none that gets on to be behind');
    assert.notEqual(consumer.snapshot().lagSince, null);
    store.failLane = null;
    await until(hasAll(store, ids), 'all events');
    assert.deepEqual(consumer.snapshot().retrying, []);
    await stop();
    assert.deepEqual(store.gaps, []);
    assert.equal(store.ids.length, 600);
  });

  it('reads one fetch and no more while the storing of a lane hangs, and stores the other lanes of it', async () => {
    const topic = await newTopic();
    const store = createStore();
    const hanging = laneOf(keyHash('telegram\u0000chat-0'), topic.partitions);
    const gate = Promise.withResolvers<void>();
    store.hangLane = hanging;
    store.gate = gate.promise;
    const large = () => sampleEvent({ orderingKey: 'chat-0', body: Buffer.alloc(100 * 1024, 1) });
    const ids: string[] = [];
    // In small produces: a fetch brings the first of them whole, however large.
    for (let n = 0; n < 15; n += 1) ids.push(...(await append(topic, Array.from({ length: 4 }, large))));
    ids.push(...(await append(topic, manyEvents(600))));
    const ends = await admin.fetchTopicOffsets(topic.name);
    const { stop, consumer } = startConsumer(topic, store);
    const others = () =>
      ends.every(
        ({ partition, high }) => partition === hanging || String(store.next.get(partition) ?? 0) === high,
      );
    await until(others, 'the other lanes');
    const ofOneLane = () => {
      const { records, bytes } = consumer.snapshot().pending;
      return records >= 4 && bytes >= 4 * 100 * 1024 && bytes <= 2 * 1024 * 1024;
    };
    await until(ofOneLane, 'the last commits, and the fetch of the lane that hangs');
    assert.equal(store.next.has(hanging), false);
    ids.push(...(await append(topic, manyEvents(60))));
    gate.resolve();
    await until(hasAll(store, ids), 'all events');
    await until(() => consumer.snapshot().pending.records === 0, 'all commits');
    assert.equal(consumer.snapshot().pending.bytes, 0);
    await stop();
    assert.deepEqual(store.gaps, []);
  });

  it('loses nothing while consumers come and go, and skips nothing in any lane', async () => {
    const topic = await newTopic();
    const store = createStore();
    const ids: string[] = [];
    const appendSome = async () => void ids.push(...(await append(topic, manyEvents(400))));
    const a = startConsumer(topic, store);
    await appendSome();
    const b = startConsumer(topic, store);
    await appendSome();
    await until(
      () => a.consumer.snapshot().lanes.length === 6 && b.consumer.snapshot().lanes.length === 6,
      'two halves',
    );
    await appendSome();
    await a.stop();
    await appendSome();
    const c = startConsumer(topic, store);
    await appendSome();
    await until(hasAll(store, ids), 'all events');
    await Promise.all([b.stop(), c.stop()]);
    assert.deepEqual(store.gaps, []);
  });

  it('hands over what is no event as such, and goes on', async () => {
    const topic = await newTopic();
    const foreign = { partition: 2, key: 'k', value: 'no event', headers: { a: 'b' } };
    await producer.send({ topic: topic.name, messages: [foreign] });
    const ids = await append(topic, manyEvents(50));
    const store = createStore();
    const { stop } = startConsumer(topic, store);
    await until(hasAll(store, ids), 'all events');
    await until(() => store.batches.some(batch => batch.lane === 2), 'the foreign record');
    await stop();
    const records = store.batches.flatMap(batch => batch.records);
    const invalid = records.flatMap(record => ('invalid' in record ? [record.invalid] : []));
    assert.equal(invalid.length, 1);
    assert.equal(invalid[0]?.value.toString(), 'no event');
  });

  it('finishes and commits the batch in hand when it is told to end, and leaves the group', async () => {
    const topic = await newTopic();
    const ids = await append(topic, [sampleEvent()]);
    const store = createStore();
    const gate = Promise.withResolvers<void>();
    store.gate = gate.promise;
    const { stop } = startConsumer(topic, store);
    await until(() => store.entered === 1, 'the batch to be in hand');
    const stopped = stop();
    gate.resolve();
    await stopped;
    assert.deepEqual(store.ids, ids);
    const [lane] = store.next.keys();
    assert.equal((await committed(topic)).get(lane!), '1');
    assert.equal(await members(), 0);
  });

  it('ends at once where it was told to before it had joined', async () => {
    const topic = await newTopic();
    const { stop } = startConsumer(topic, createStore());
    await stop();
    assert.equal(await members(), 0);
  });

  it('throws when the broker stays away, and loses nothing when it is started again', async () => {
    const topic = await newTopic();
    const store = createStore();
    const first = await append(topic, manyEvents(200));
    const { firstEnd, stop } = startConsumer(topic, store);
    await until(hasAll(store, first), 'the first events');
    await broker.kill();
    await assert.rejects(
      firstEnd,
      (error: unknown) => error instanceof AppError && error.code === 'ACKLINE_KAFKA_UNAVAILABLE',
    );
    await broker.start();
    const second = await waitFor(() => append(topic, manyEvents(200)), { timeoutMs: SLOW_MACHINE_MS });
    await until(hasAll(store, second), 'the events after the outage');
    await stop();
    assert.deepEqual(store.gaps, []);
  });
});
