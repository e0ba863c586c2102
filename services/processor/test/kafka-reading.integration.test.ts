import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { withDatabase } from '@ackline/testkit/database';
import { freePort } from '@ackline/testkit/free-port';
import { scrape } from '@ackline/testkit/scrape';
import { spawnService } from '@ackline/testkit/spawn-service';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const READING = 'ackline_processor_kafka_reading';

/** Its metrics, as soon as it serves. */
async function metricsOf(databaseUrl: string, env: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'ackline-processor-'));
  try {
    await writeFile(
      join(folder, 'ackline.yaml'),
      `sources: [{ name: telegram, provider: telegram, path: /webhook/telegram, secrets: [{ env: TOKEN }] }]
routes: [{ name: all, destination: crm }]
destinations: [{ name: crm, type: http, url: http://127.0.0.1:9/ }]
`,
    );
    const operations = `http://127.0.0.1:${await freePort()}`;
    await using _service = await spawnService(MAIN, {
      cwd: folder,
      readyUrl: `${operations}/startupz`, // it is not ready while it does not read
      env: {
        DATABASE_URL: databaseUrl,
        OPS_HOST: '127.0.0.1',
        OPS_PORT: new URL(operations).port,
        TOKEN: 'x',
        ...env,
      },
    });
    return await scrape(operations);
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('a processor that has never reached its brokers', () => {
  it('shows that it does not read Kafka, where its lag says nothing; one without Kafka shows neither', async () => {
    await withDatabase(async ({ url }) => {
      const away = await metricsOf(url, {
        KAFKA_BROKERS: `127.0.0.1:${await freePort()}`,
        KAFKA_DURABILITY: 'single-node',
      });
      assert.equal(away.value(READING), 0);
      assert.equal(away.value('ackline_processor_lag_seconds'), null);
      const alone = await metricsOf(url, {});
      assert.equal(alone.value(READING), null);
    });
  });
});
