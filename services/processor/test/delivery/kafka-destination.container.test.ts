import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { KafkaDestinationConfig } from '@ackline/shared/config/types';
import { listParked } from '@ackline/store/parked';
import { type KafkaContainer, startKafka } from '@ackline/testkit/containers';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { untilLed } from '@ackline/testkit/topic-leaders';
import { waitFor } from '@ackline/testkit/wait-for';
import { type Admin, Kafka, type KafkaMessage, logLevel } from 'kafkajs';
import type { Pool } from 'pg';
import { Webhook } from 'standardwebhooks';
import { destinationConfig } from '../configs.ts';
import { openPool, sampleEvent } from '../events.ts';
import { type RunningDelivery, runDelivery } from './running-delivery.ts';

const SECRET = `whsec_${Buffer.from('a signing key of thirty-two bytes').toString('base64')}`;
const PARTITIONS = 3;

interface ReadRecord {
  readonly partition: number;
  readonly key: string | null;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

describe('a destination of type kafka', { timeout: 600_000 }, () => {
  let broker: KafkaContainer;
  let kafka: Kafka;
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    broker = await startKafka();
    kafka = new Kafka({
      brokers: [broker.brokers],
      logLevel: logLevel.NOTHING,
      retry: { retries: 20, maxRetryTime: 1_000 },
    });
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  beforeEach(() => pool.query('truncate event_keys, events, deliveries, finished_deliveries, processors'));
  after(async () => {
    await pool.end();
    await database.close();
    await broker[Symbol.asyncDispose]();
  });

  async function newTopic(configs: Readonly<Record<string, string>> = {}): Promise<string> {
    const topic = `orders-${randomUUID()}`;
    await makeTopic(topic, PARTITIONS, configs);
    return topic;
  }

  async function administer(work: (admin: Admin) => Promise<unknown>): Promise<void> {
    const admin = kafka.admin();
    await admin.connect();
    await work(admin);
    await admin.disconnect();
  }
  const makeTopic = (
    topic: string,
    numPartitions: number,
    configs: Readonly<Record<string, string>> = {},
  ): Promise<void> =>
    administer(async admin => {
      const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }));
      await admin.createTopics({ waitForLeaders: false, topics: [{ topic, numPartitions, configEntries }] });
      await untilLed(admin, topic, numPartitions);
    });
  const remove = (topic: string): Promise<void> =>
    administer(async admin => {
      await admin.deleteTopics({ topics: [topic] });
      await waitFor(async () => !(await admin.listTopics()).includes(topic), { timeoutMs: 60_000 });
    });

  function to(topic: string, overrides: Partial<KafkaDestinationConfig> = {}): KafkaDestinationConfig {
    const { url: _, type: __, ...common } = destinationConfig({ name: 'orders', ordering: 'key' });
    const own = { key: 'ordering-key', headers: {}, brokers: null, tls: null, sasl: null } as const;
    return { ...common, ...own, type: 'kafka', topic, ...overrides };
  }

  async function scene(
    destination: KafkaDestinationConfig,
    play: (scene: RunningDelivery) => Promise<void>,
  ): Promise<void> {
    const started = await runDelivery({
      pool,
      destinations: [destination],
      env: { SIGNING: SECRET },
      kafka: { brokers: [broker.brokers] },
    });
    try {
      await play(started);
    } finally {
      await started.stop(0);
    }
  }

  const count = async (where: string): Promise<number> =>
    Number(
      (await pool.query<{ n: string }>(`select count(*) as n from all_deliveries where ${where}`)).rows[0]?.n,
    );
  const untilDelivered = (expected: number) =>
    waitFor(async () => (await count("state = 'delivered'")) === expected, {
      what: `${expected} delivered`,
      timeoutMs: 120_000,
    });

  /** The records of the topic by now. */
  async function read(topic: string, expected: number): Promise<readonly ReadRecord[]> {
    const found: ReadRecord[] = [];
    const consumer = kafka.consumer({ groupId: `reader-${randomUUID()}` });
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message }) => void found.push(recordOf(partition, message)),
    });
    await waitFor(() => found.length >= expected, { what: `${expected} records`, timeoutMs: 60_000 });
    await consumer.disconnect();
    return found;
  }

  it('gets the bytes, the key, a signature that verifies, and all headers', async () => {
    const topic = await newTopic();
    const body = Buffer.from('{"text":"caf\u00e9"}');
    const headers = [
      ['Content-Type', 'application/json'],
      ['X-Twice', 'one'],
      ['x-twice', 'two'],
    ] as const;
    await scene(
      to(topic, { headers: { team: 'sales' }, signingSecret: { env: 'SIGNING' } }),
      async ({ store }) => {
        await store([
          sampleEvent({ headers, body, orderingKey: 'chat-7' }),
          sampleEvent({ body: Buffer.from([0, 255]) }),
        ]);
        await untilDelivered(2);
      },
    );
    const records = await read(topic, 2);
    const [first] = records.filter(({ key }) => key === 'chat-7');
    assert.ok(first !== undefined);
    assert.deepEqual(first.value, body);
    assert.deepEqual(new Webhook(SECRET).verify(body.toString(), first.headers), { text: 'caf\u00e9' });
    assert.deepEqual(Object.keys(first.headers), [
      'team',
      'webhook-id',
      'webhook-timestamp',
      'webhook-signature',
      'ackline-url',
      'ackline-http-headers',
    ]);
    assert.deepEqual(JSON.parse(first.headers['ackline-http-headers'] ?? ''), headers);
    const [other] = records.filter(({ key }) => key === null);
    assert.deepEqual(other?.value, Buffer.from([0, 255]));
  });

  it('gets the events of each key in the order stored, in one partition, and at once with others', async () => {
    const topic = await newTopic();
    const keys = ['a', 'b', 'c', 'd', 'e'];
    const events = Array.from({ length: 100 }, (_, n) =>
      sampleEvent({ orderingKey: keys[n % keys.length] ?? null, body: Buffer.from(String(n)) }),
    );
    await scene(to(topic, { concurrency: 10 }), async ({ store }) => {
      await store(events.slice(0, 50));
      await store(events.slice(50));
      await untilDelivered(100);
    });
    const records = await read(topic, 100);
    assert.equal(records.length, 100);
    for (const [index, key] of keys.entries()) {
      const own = records.filter(record => record.key === key);
      assert.deepEqual(
        own.map(({ value }) => Number(value)),
        Array.from({ length: 20 }, (_, n) => n * 5 + index),
      );
      assert.equal(new Set(own.map(({ partition }) => partition)).size, 1);
    }
    assert.ok(new Set(records.map(({ partition }) => partition)).size > 1);
  });

  it('parks what the topic never takes, and what no topic can be called, and goes on', async () => {
    await scene(to('not/a topic'), async ({ store }) => {
      await store([sampleEvent()]);
      await waitFor(async () => (await count("state = 'parked'")) === 1, { timeoutMs: 60_000 });
    });
    const topic = await newTopic({ 'max.message.bytes': '2000' });
    await scene(to(topic), async ({ store }) => {
      await store([
        sampleEvent({ orderingKey: 'chat', body: Buffer.alloc(5_000) }),
        sampleEvent({ orderingKey: 'chat', body: Buffer.from('small') }),
      ]);
      await untilDelivered(1);
    });
    const parked = await listParked(pool, { limit: 10 });
    assert.deepEqual(
      new Set(
        parked.map(
          ({ reason, cause, tries, lastAttempt }) => `${reason}, ${cause}, ${tries}, ${lastAttempt?.excerpt}`,
        ),
      ),
      new Set([
        'unsendable, orders unsendable, 1, INVALID_TOPIC_EXCEPTION',
        'unsendable, orders unsendable, 1, MESSAGE_TOO_LARGE',
      ]),
    );
    assert.deepEqual(
      (await read(topic, 1)).map(({ value }) => String(value)),
      ['small'],
    );
  });

  it('gets what came before its topic was there, or while that was made anew with fewer partitions', async () => {
    const topic = `orders-${randomUUID()}`;
    const retry = { scheduleMs: Array<number>(100).fill(500), jitter: 'none' } as const;
    const events = () => [1, 2, 3, 4, 5, 6].map(n => sampleEvent({ orderingKey: `chat-${n}` }));
    await scene(to(topic, { retry }), async ({ store }) => {
      await store(events());
      await waitFor(
        async () => (await count("attempts -> -1 ->> 'excerpt' = 'UNKNOWN_TOPIC_OR_PARTITION'")) === 6,
        {
          timeoutMs: 60_000,
        },
      );
      await makeTopic(topic, 12);
      await untilDelivered(6);
      await remove(topic);
      await makeTopic(topic, 1);
      await store(events());
      await untilDelivered(12);
    });
    assert.equal((await read(topic, 6)).length, 6);
    assert.equal(await count("state = 'parked'"), 0);
  });

  it('is tried again while its broker is away, and gets everything in order when it is back', async () => {
    const topic = await newTopic();
    const retry = { scheduleMs: Array<number>(50).fill(2_000), jitter: 'none' } as const;
    const event = (n: number) => sampleEvent({ orderingKey: 'chat', body: Buffer.from(String(n)) });
    await scene(to(topic, { retry, timeoutMs: 3_000 }), async ({ store }) => {
      await store([event(0)]);
      await untilDelivered(1);
      await broker.kill();
      await store([event(1), event(2), event(3)]);
      await waitFor(async () => (await count("attempts -> -1 ->> 'outcome' = 'retry'")) === 1, {
        timeoutMs: 60_000,
      });
      await broker.start();
      await untilDelivered(4);
    });
    assert.equal(await count("state = 'parked'"), 0);
    const values = (await read(topic, 4)).map(({ value }) => Number(value));
    assert.deepEqual([...new Set(values)], [0, 1, 2, 3]); // one whose answer was lost is sent again
  });
});

function recordOf(partition: number, { key, value, headers }: KafkaMessage): ReadRecord {
  return {
    partition,
    key: key?.toString() ?? null,
    value: value ?? Buffer.alloc(0),
    headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, text]) => [name, String(text)])),
  };
}
