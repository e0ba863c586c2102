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
import { spawnService } from '@ackline/testkit/spawn-service';
import { waitFor } from '@ackline/testkit/wait-for';
import { openPool, sampleEvent } from './events.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const SLOW = { timeoutMs: 60_000 };
const CONFIG = `sources: [{ name: telegram, provider: telegram, path: /webhook/telegram, secrets: [{ env: TOKEN }] }]
routes: [{ name: all, destination: crm }]
destinations: [{ name: crm, type: http, url: http://127.0.0.1:9/ }]
`;

describe('a processor that starts on a topic that has become too weak', { timeout: 300_000 }, () => {
  it('stores what was acked in it, and names what is weak', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ackline-processor-'));
    await writeFile(join(folder, 'ackline.yaml'), CONFIG);
    await using broker = await startKafka();
    const brokers = [broker.brokers];
    const topic = await openTopic({ brokers, durability: 'single-node', deadlineMs: 30_000 });
    const log = createKafkaLog({ brokers, topic });
    const event = sampleEvent();
    await waitFor(() => log.append(event).then(() => true), SLOW);
    await log.close();
    await withDatabase(async ({ url }) => {
      const pool = openPool(url);
      await using service = await spawnService(MAIN, {
        cwd: folder,
        env: {
          DATABASE_URL: url,
          KAFKA_BROKERS: broker.brokers,
          OPS_HOST: '127.0.0.1',
          OPS_PORT: String(await freePort()),
          TOKEN: 'x',
        },
      });
      try {
        await waitFor(async () => {
          const { rows } = await pool.query<{ id: string }>('select id from events');
          return rows.some(row => row.id === event.id);
        }, SLOW);
        const weaknesses = async () => {
          const { rows } = await pool.query<{ weak: string[] | null }>(
            "select state #> '{intake,kafka,weaknesses}' as weak from processors",
          );
          return rows[0]?.weak ?? [];
        };
        await waitFor(async () => (await weaknesses()).length === 2, SLOW);
        assert.match((await weaknesses())[0] ?? '', /^replication factor is 1/);
        assert.match(service.output(), /kafka\.topic-weak/);
      } finally {
        await pool.end();
      }
    });
    await rm(folder, { recursive: true });
  });
});
