import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { after, before, describe, it } from 'node:test';
import type { MetricRow } from '@ackline/runtime/metric-rows/metric-row';
import { metricTable } from '@ackline/runtime/metric-table';
import { type KafkaContainer, startKafka, startRedis, type UrlContainer } from '@ackline/testkit/containers';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { compareWithDocs } from '@ackline/testkit/documented-metrics';
import { scrape } from '@ackline/testkit/scrape';
import { waitFor } from '@ackline/testkit/wait-for';
import { sendUpdate, startIngress } from '../support/service.ts';

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
    await using ingress = await startIngress(database.url, {
      INGRESS_PROCESSES: '2',
      KAFKA_BROKERS: broker.brokers,
      KAFKA_DURABILITY: 'single-node',
      REDIS_URL: redis.url,
    });
    const agent = new Agent({ keepAlive: false });
    try {
      await waitFor(async () => (await scrape(ingress.operations)).value('ackline_redis_connected') === 1, {
        timeoutMs: 30_000,
      });
      // Connections go to the processes in turn, so that the second round of an odd number meets the other one. A mark is written
      // some milliseconds later, and Redis has 20 ms to answer: on a busy machine it may take more events.
      let sent = 0;
      const redisKnew = async () => {
        const ids = Array.from({ length: 11 }, () => (sent += 1));
        for (const id of [...ids, ...ids]) assert.equal(await sendUpdate(agent, ingress.port, id), 200);
        const found = await scrape(ingress.operations);
        return (found.value('ackline_seen_hits_total', { tier: 'redis' }) ?? 0) > 0;
      };
      await waitFor(redisKnew, { timeoutMs: 30_000 });
      const found = await scrape(ingress.operations);
      assert.deepEqual(compareWithDocs(found.samples, ofRedis, ['Redis']).missing, []);
      assert.equal(found.value('ackline_eventlog_tier_in_use', { tier: 'kafka' }), 2);
      assert.equal(found.value('ackline_eventlog_tier_in_use', { tier: 'inbox' }), 0);
      assert.ok((found.value('ackline_eventlog_batch_events_sum', { tier: 'kafka' }) ?? 0) >= sent);
      assert.equal(found.value('ackline_breaker_openings_total', { breaker: 'kafka' }), 0);
    } finally {
      agent.destroy();
    }
  });
});
