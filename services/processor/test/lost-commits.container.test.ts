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
`;
/** What a failover to a server without the last commits leaves of them: nothing, and the lane where it was before. */
const LOSE = `
  with events_gone as (delete from events where id = any($1::uuid[])),
       keys_gone as (delete from event_keys where event_id = any($1::uuid[]))
  update lanes set next_offset = $2 where topic_id is not null`;

describe('a PostgreSQL that loses its last commits below a running processor', { timeout: 300_000 }, () => {
  it('has them again from Kafka, whether something new comes for their lane or not', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ackline-processor-'));
    await writeFile(join(folder, 'ackline.yaml'), CONFIG);
    await using broker = await startKafka();
    const brokers = [broker.brokers];
    const topic = await openTopic({ brokers, durability: 'single-node', deadlineMs: 30_000 });
    const log = createKafkaLog({ brokers, topic });
    const [first, second, third, fourth] = Array.from({ length: 4 }, () =>
      sampleEvent({ orderingKey: 'chat' }),
    );
    await waitFor(() => log.append(first!).then(() => true), SLOW);
    await withDatabase(async ({ url }) => {
      const pool = openPool(url);
      await using service = await spawnService(MAIN, {
        cwd: folder,
        env: {
          DATABASE_URL: url,
          KAFKA_BROKERS: broker.brokers,
          KAFKA_DURABILITY: 'single-node',
          OPS_HOST: '127.0.0.1',
          OPS_PORT: String(await freePort()),
          TOKEN: 'x',
        },
      });
      const stored = async () => {
        const { rows } = await pool.query<{ id: string }>('select id from events order by seq');
        return rows.map(row => row.id);
      };
      const untilStored = (events: readonly (typeof first)[]) =>
        waitFor(async () => (await stored()).join() === events.map(event => event?.id).join(), SLOW);
      try {
        await untilStored([first]);
        await log.append(second!);
        await untilStored([first, second]);
        await pool.query(LOSE, [[second!.id], 1]);
        await log.append(third!);
        await untilStored([first, second, third]);

        await log.append(fourth!);
        await untilStored([first, second, third, fourth]);
        await pool.query(LOSE, [[third!.id, fourth!.id], 2]);
        await untilStored([first, second, third, fourth]);
        assert.match(service.output(), /kafka\.lane-went-back/);
      } finally {
        await pool.end();
      }
    });
    await log.close();
    await rm(folder, { recursive: true });
  });
});
