import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createKafkaSender } from '@ackline/eventlog/kafka-sender';
import { EVENTS_TOPIC } from '@ackline/shared/events-topic';
import { startKafka, startRedis } from '@ackline/testkit/containers';
import { createTestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import { CANARY, findCanaries } from './canary.ts';
import { lookAtPorts, sendEverything } from './canary-run.ts';
import { post, telegram } from './requests.ts';
import { type CanarySystem, startCanarySystem } from './system.ts';

const SLOW = { timeoutMs: 120_000 };
const URL_TAIL = `${CANARY.secret}?token=${CANARY.secret}`;

describe('the same through Kafka and Redis, and their failures', { timeout: 420_000 }, () => {
  it('is in no log line, metric, span, health report or answer', async () => {
    await using broker = await startKafka();
    await using redis = await startRedis();
    const database = await createTestDatabase();
    try {
      await using system = await startCanarySystem({
        databaseUrl: database.url,
        env: { KAFKA_BROKERS: broker.brokers, KAFKA_DURABILITY: 'single-node', REDIS_URL: redis.url },
        destinations: [
          // The name of a topic is one that spans have.
          `{ name: no-topic, type: kafka, topic: nobody-made-it, headers: { x-canary: '${CANARY.header}' } }`,
          `{ name: refusing, type: http, url: 'http://127.0.0.1:9/${URL_TAIL}' }`,
        ],
        routes: [
          '{ name: to-no-topic, destination: no-topic }',
          '{ name: to-refusing, destination: refusing }',
        ],
      });
      await sendEverything(system);
      await untilTier(system, 'kafka');
      await sendNoEvents(broker.brokers);
      await system.untilLogged(system.processor, 'record.quarantined');
      await system.untilLogged(system.processor, 'UNKNOWN_TOPIC_OR_PARTITION');

      await redis.kill();
      await broker.pause();
      await untilTier(system, 'inbox');
      await system.look('/health without Kafka', `http://127.0.0.1:${system.bare.port}/health`);
      await broker.kill();
      await broker.start();
      await redis.start();
      await system.cli(['park', '--list', '--json']);
      await system.cli(['events', '--json']);
      await lookAtPorts(system);
      for (const service of [system.spooling.service, system.bare.service, system.processor]) {
        service.kill();
        await service.exited;
      }
      const spans = new Set(system.collector.spans().map(({ name }) => name));
      for (const name of [
        'send ackline.events.v1',
        'process ackline.events.v1',
        'append inbox',
        'send nobody-made-it',
      ]) {
        assert.ok(spans.has(name), `${name} is none of ${[...spans].join(', ')}`);
      }
      assert.deepEqual(await findCanaries(system.sinks), []);
    } finally {
      await database.close();
    }
  });
});

/** Resolves once an event went to this tier. */
async function untilTier({ bare }: CanarySystem, tier: string): Promise<void> {
  let update = 10_000;
  await waitFor(
    async () => {
      update += 1;
      await post(bare.port, telegram(update));
      return bare.service.output().includes(`"tier":"${tier}"`);
    },
    { ...SLOW, what: `an event in ${tier}` },
  );
}

/** Records of the topic that are no events. */
async function sendNoEvents(brokers: string): Promise<void> {
  const sender = createKafkaSender({ brokers: [brokers], topic: EVENTS_TOPIC, timeoutMs: 30_000 });
  const value = Buffer.from(JSON.stringify(CANARY));
  for (const headers of [
    [],
    [['meta', JSON.stringify(CANARY)]],
    [
      ['id', CANARY.id],
      ['dedupKey', CANARY.phone],
    ],
  ] as const) {
    const sent = await sender.send(
      { key: Buffer.from(CANARY.phone), value, headers },
      AbortSignal.timeout(30_000),
    );
    assert.equal(sent.kind, 'acked');
  }
  await sender.close();
}
