import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createKafkaLog } from '@ackline/eventlog/kafka-log';
import { openTopic } from '@ackline/eventlog/kafka-topic';
import type { MetricRow } from '@ackline/runtime/metric-rows/metric-row';
import { metricTable } from '@ackline/runtime/metric-table';
import { type KafkaContainer, startKafka } from '@ackline/testkit/containers';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { compareWithDocs } from '@ackline/testkit/documented-metrics';
import { freePort } from '@ackline/testkit/free-port';
import { scrape } from '@ackline/testkit/scrape';
import { spawnService } from '@ackline/testkit/spawn-service';
import { startTcpProxy } from '@ackline/testkit/tcp-proxy';
import { waitFor } from '@ackline/testkit/wait-for';
import { sampleEvent } from './events.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const rows: readonly MetricRow[] = Object.values(metricTable);
const ofKafka = rows.filter(({ needs, services }) => needs === 'Kafka' && services.includes('processor'));
const SLOW = { timeoutMs: 60_000 };

describe('a processor with Kafka', { timeout: 600_000 }, () => {
  let folder: string;
  let database: TestDatabase;
  let broker: KafkaContainer;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ackline-processor-'));
    await writeFile(
      join(folder, 'ackline.yaml'),
      `sources: [{ name: telegram, provider: telegram, path: /webhook/telegram, secrets: [{ env: TOKEN }] }]
routes: [{ name: all, destination: crm }]
destinations: [{ name: crm, type: http, url: http://127.0.0.1:9/ }]
`,
    );
    database = await createTestDatabase();
    broker = await startKafka();
  });
  after(async () => {
    await broker[Symbol.asyncDispose]();
    await database.close();
    await rm(folder, { recursive: true });
  });

  it('shows how far it is behind, in records and in time, while it can not store, and 0 when it can; and whether it reads Kafka', async () => {
    const url = new URL(database.url);
    await using proxy = await startTcpProxy({ port: Number(url.port) });
    url.port = String(proxy.port);
    const operations = `http://127.0.0.1:${await freePort()}`;
    await using service = await spawnService(MAIN, {
      cwd: folder,
      readyUrl: `${operations}/readyz`,
      env: {
        DATABASE_URL: url.href,
        KAFKA_BROKERS: broker.brokers,
        KAFKA_DURABILITY: 'single-node',
        OPS_HOST: '127.0.0.1',
        OPS_PORT: new URL(operations).port,
        TOKEN: 'x',
      },
    });
    const topic = await openTopic({
      brokers: [broker.brokers],
      durability: 'single-node',
      deadlineMs: 30_000,
      signal: AbortSignal.timeout(30_000),
    });
    const log = createKafkaLog({ brokers: [broker.brokers], topic });
    try {
      await log.append(sampleEvent());
      const stored = async () =>
        (await scrape(operations)).value('ackline_processor_events_total', { result: 'stored' });
      await waitFor(async () => (await stored()) === 1, SLOW);
      const caughtUp = await scrape(operations);
      assert.deepEqual(compareWithDocs(caughtUp.samples, ofKafka, ['Kafka']).missing, []);
      assert.equal(caughtUp.value('ackline_processor_lag_records'), 0);
      assert.equal(caughtUp.value('ackline_processor_lag_seconds'), 0);
      assert.equal(caughtUp.value('ackline_processor_kafka_reading'), 1);
      await proxy.cut();
      for (let n = 0; n < 3; n += 1) await log.append(sampleEvent({ orderingKey: 'one-lane' }));
      await waitFor(async () => {
        const behind = await scrape(operations);
        const seconds = behind.value('ackline_processor_lag_seconds') ?? 0;
        return behind.value('ackline_processor_lag_records') === 3 && seconds > 1;
      }, SLOW);
      // More processors would not bring PostgreSQL back.
      await waitFor(
        async () => (await scrape(operations)).value('ackline_processor_scaling_lag_seconds') === 0,
        SLOW,
      );
      await proxy.heal();
      await waitFor(async () => (await stored()) === 4, SLOW);
      await waitFor(async () => {
        const after = await scrape(operations);
        return (
          after.value('ackline_processor_lag_records') === 0 &&
          after.value('ackline_processor_lag_seconds') === 0
        );
      }, SLOW);
    } finally {
      await log.close();
    }
    // The last, since nothing reads afterwards.
    await broker.kill();
    await waitFor(
      async () => (await scrape(operations)).value('ackline_processor_kafka_reading') === 0,
      SLOW,
    );
    assert.equal((await service.stop()).code, 0, service.output());
  });
});
