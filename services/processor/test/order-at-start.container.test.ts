import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createKafkaLog } from '@ackline/eventlog/kafka-log';
import { openTopic } from '@ackline/eventlog/kafka-topic';
import { startKafka } from '@ackline/testkit/containers';
import { withDatabase } from '@ackline/testkit/database';
import { freePort } from '@ackline/testkit/free-port';
import { scrape } from '@ackline/testkit/scrape';
import { spawnService } from '@ackline/testkit/spawn-service';
import { waitFor } from '@ackline/testkit/wait-for';
import { appendToInbox, openPool, sampleEvent } from './events.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const SLOW = { timeoutMs: 60_000 };
const CONFIG = `sources: [{ name: telegram, provider: telegram, path: /webhook/telegram, secrets: [{ env: TOKEN }] }]
routes: [{ name: all, destination: crm }]
destinations: [{ name: crm, type: http, url: http://127.0.0.1:9/ }]
`;

describe('a processor that starts with a key in both logs', { timeout: 300_000 }, () => {
  it('stores what Kafka had before the row of the inbox, or counts that it did not', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ackline-processor-'));
    await writeFile(join(folder, 'ackline.yaml'), CONFIG);
    await using broker = await startKafka();
    const brokers = [broker.brokers];
    const topic = await openTopic({ brokers, durability: 'single-node', deadlineMs: 30_000 });
    const log = createKafkaLog({ brokers, topic });
    const [record, row] = [sampleEvent({ orderingKey: 'chat' }), sampleEvent({ orderingKey: 'chat' })];
    await waitFor(() => log.append(record).then(() => true), SLOW);
    await log.close();
    await withDatabase(async ({ url }) => {
      const pool = openPool(url);
      await appendToInbox(pool, [row]); // by another ingress, which knows nothing of the record
      const operations = `http://127.0.0.1:${await freePort()}`;
      await using _service = await spawnService(MAIN, {
        cwd: folder,
        env: {
          DATABASE_URL: url,
          KAFKA_BROKERS: broker.brokers,
          KAFKA_DURABILITY: 'single-node',
          OPS_HOST: '127.0.0.1',
          OPS_PORT: new URL(operations).port,
          TOKEN: 'x',
        },
      });
      try {
        const storedIds = async () => {
          const { rows } = await pool.query<{ id: string }>('select id from events order by seq');
          return rows.map(({ id }) => id);
        };
        await waitFor(async () => (await storedIds()).length === 2, SLOW);
        const isInOrder = (await storedIds())[0] === record.id;
        const uncertain = (await scrape(operations)).value('ackline_order_uncertain_total');
        assert.ok(isInOrder || uncertain === 1, `in order: ${isInOrder}, counted: ${uncertain}`);
      } finally {
        await pool.end();
      }
    });
    await rm(folder, { recursive: true });
  });
});
