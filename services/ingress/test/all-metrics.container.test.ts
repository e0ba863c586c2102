import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { after, before, describe, it } from 'node:test';
import type { MetricRow } from '@ackline/runtime/metric-rows/metric-row';
import { metricTable } from '@ackline/runtime/telemetry-names';
import { type KafkaContainer, startKafka, startRedis, type UrlContainer } from '@ackline/testkit/containers';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { compareWithDocs } from '@ackline/testkit/documented-metrics';
import { scrape } from '@ackline/testkit/scrape';
import { waitFor } from '@ackline/testkit/wait-for';
import { sendUpdate, startIngress } from './support/service.ts';

const rows: readonly MetricRow[] = Object.values(metricTable);
const ofRedis = rows.filter(({ needs }) => needs === 'Redis');

describe('an ingress with Kafka and Redis', { timeout: 600_000 }, () => {
  let database: TestDatabase;
  let broker: KafkaContainer;
  let redis: UrlContainer;
  before(async () => {
    database = await createTestDatabase();
    broker = await startKafka();
    redis = await startRedis();
  });
  after(async () => {
    await redis[Symbol.asyncDispose]();
    await broker[Symbol.asyncDispose]();
    await database.close();
  });

  it('shows the metrics that need Redis, the repeats that Redis knew, and Kafka as the tier in use', async () => {
    await using first = await startIngress(database.url, envOf());
    await using second = await startIngress(database.url, envOf());
    const agent = new Agent({ keepAlive: false });
    try {
      for (const { operations } of [first, second]) {
        await waitFor(async () => (await scrape(operations)).value('ackline_redis_connected') === 1, {
          timeoutMs: 30_000,
        });
      }
      // Redis has 20 ms to answer: on a busy machine it may take another event.
      let id = 0;
      const redisKnew = async () => {
        id += 1;
        for (const { port } of [first, second]) assert.equal(await sendUpdate(agent, port, id), 200);
        const hits = (await scrape(second.operations)).value('ackline_seen_hits_total', { tier: 'redis' });
        return (hits ?? 0) > 0;
      };
      await waitFor(redisKnew, { timeoutMs: 30_000 });
      const found = await scrape(first.operations);
      assert.deepEqual(compareWithDocs(found.samples, ofRedis, ['Redis']).missing, []);
      assert.equal(found.value('ackline_eventlog_tier_in_use', { tier: 'kafka' }), 1);
      assert.equal(found.value('ackline_eventlog_tier_in_use', { tier: 'inbox' }), 0);
      assert.equal(found.value('ackline_eventlog_batch_events_sum', { tier: 'kafka' }), id);
      assert.equal(found.value('ackline_breaker_openings_total', { breaker: 'kafka' }), 0);
    } finally {
      agent.destroy();
    }
  });

  function envOf() {
    return { KAFKA_BROKERS: broker.brokers, KAFKA_DURABILITY: 'single-node', REDIS_URL: redis.url };
  }
});
