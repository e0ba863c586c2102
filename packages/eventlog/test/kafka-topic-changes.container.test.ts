import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { AppError } from '@ackline/shared/app-error';
import { type KafkaContainer, startKafka } from '@ackline/testkit/containers';
import { waitFor } from '@ackline/testkit/wait-for';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { createKafkaLog } from '../src/kafka-log.ts';
import { connectKafkaTier } from '../src/kafka-tier.ts';
import { openTopic } from '../src/kafka-topic.ts';
import type { KafkaTier } from '../src/tiers.ts';
import { createWatermarks } from '../src/watermarks.ts';
import { sampleEvent } from './event-sample.ts';

const quiet = { warn: () => undefined, info: () => undefined, error: () => undefined } as never;
const code = (expected: string) => (error: unknown) => error instanceof AppError && error.code === expected;
const TOPIC_RESOURCE = 2;

describe('a topic that changes under a running producer', () => {
  let broker: KafkaContainer;
  let admin: Admin;

  before(async () => {
    broker = await startKafka();
    const retry = { retries: 20, maxRetryTime: 1_000 };
    admin = new Kafka({ brokers: [broker.brokers], logLevel: logLevel.NOTHING, retry }).admin();
    await admin.connect();
  });
  after(async () => {
    await admin.disconnect();
    await broker[Symbol.asyncDispose]();
  });

  const open = (topic: string) =>
    openTopic({ brokers: [broker.brokers], topic, durability: 'single-node', deadlineMs: 20_000 });

  const setConfig = (topic: string, name: string, value: string) =>
    admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: TOPIC_RESOURCE, name: topic, configEntries: [{ name, value }] }],
    });

  it('lets the record that the topic refuses by now fail alone, and has all its neighbours', async () => {
    const topic = await open(`t-${randomUUID()}`);
    const log = createKafkaLog({ brokers: [broker.brokers], topic });
    await waitFor(() => log.append(sampleEvent()).then(() => true), { timeoutMs: 30_000 });
    await setConfig(topic.name, 'max.message.bytes', '20000');
    const big = () => sampleEvent({ body: Buffer.alloc(30_000), orderingKey: 'one' });
    await waitFor(
      () =>
        log.append(big()).then(
          () => false,
          error => code('ACKLINE_RECORD_TOO_LARGE')(error),
        ),
      { timeoutMs: 30_000, what: 'the broker to hold to its new limit' },
    );
    const watermarks = createWatermarks({ brokers: [broker.brokers], topic });
    const count = async () =>
      [...(await watermarks.highWatermarks(20_000)).values()].reduce(
        (sum, offset) => sum + Number(offset),
        0,
      );
    const appendAll = async () => {
      const before = await count();
      // One lane: together far over the limit, so that the whole batch is refused; only one record is on its own.
      const events = Array.from({ length: 60 }, (_, i) =>
        i === 31 ? big() : sampleEvent({ orderingKey: 'one', body: Buffer.alloc(1_000) }),
      );
      return { before, results: await Promise.allSettled(events.map(event => log.append(event))) };
    };
    let { before, results } = await appendAll();
    // By a broker that takes longer than the log waits, as on a busy machine, nothing is shown.
    while (results.some(isLate)) ({ before, results } = await appendAll());
    const failed = results.flatMap((result, i) => (result.status === 'rejected' ? [[i, result.reason]] : []));
    assert.deepEqual(
      failed.map(([i]) => i),
      [31],
    );
    assert.ok(code('ACKLINE_RECORD_TOO_LARGE')(failed[0]?.[1]));
    assert.equal((await count()) - before, 59, 'each neighbour once');
    await watermarks.close();
    await log.close();
  });

  const isLate = (result: PromiseSettledResult<unknown>) =>
    result.status === 'rejected' && code('ACKLINE_APPEND_TIMEOUT')(result.reason);

  const appendTo = (tier: KafkaTier): Promise<boolean> =>
    new Promise(resolve => {
      if (tier.current.state !== 'ready') return resolve(false);
      tier.current.log.offer(sampleEvent(), error => resolve(error === null));
    });

  it('takes no event while its topic is missing, does not make it again, and uses the new one after a look', async () => {
    const name = `t-${randomUUID()}`;
    const tier = await connectKafkaTier({
      brokers: [broker.brokers],
      topic: name,
      durability: 'single-node',
      log: quiet,
    });
    await waitFor(() => appendTo(tier), { timeoutMs: 30_000 });
    await admin.deleteTopics({ topics: [name] });
    await waitFor(async () => !(await appendTo(tier)), { timeoutMs: 30_000 });
    tier.recheck();
    assert.equal(await appendTo(tier), false);
    assert.ok(!(await admin.listTopics()).includes(name));
    const remade = await waitFor(() => open(name), { timeoutMs: 30_000 });
    await waitFor(() => appendTo(tier), { timeoutMs: 60_000, what: 'the new topic to be used' });
    const watermarks = createWatermarks({ brokers: [broker.brokers], topic: remade });
    assert.ok([...(await watermarks.highWatermarks(20_000)).values()].some(offset => offset > 0n));
    await watermarks.close();
    await tier.close();
  });
});
