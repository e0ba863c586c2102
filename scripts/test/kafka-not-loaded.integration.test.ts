import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { withDatabase } from '@ackline/testkit/database';
import { freePort } from '@ackline/testkit/free-port';
import { spawnService } from '@ackline/testkit/spawn-service';

const CONFIG = `sources: [{ name: telegram, provider: telegram, path: /webhook/telegram, secrets: [{ env: TOKEN }] }]
destinations: [{ name: receiver, type: http, url: http://127.0.0.1:9/ }]
routes: [{ name: all, destination: receiver }]
`;

/** Tells of each client of Kafka that is loaded, once. */
const TELL = `
import { registerHooks } from 'node:module';
const told = new Set();
registerHooks({
  load(url, context, next) {
    const [client] = /node_modules\\/(@platformatic\\/kafka|kafkajs)(?=\\/)/.exec(url) ?? [];
    if (client !== undefined && !told.has(client)) console.log('loaded', client);
    told.add(client);
    return next(url, context);
  },
});`;

async function clientsOf(service: string, env: Readonly<Record<string, string>>): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'ackline-loaded-'));
  const operations = `http://127.0.0.1:${await freePort()}`;
  try {
    await writeFile(join(folder, 'ackline.yaml'), CONFIG);
    return await withDatabase(async database => {
      await using running = await spawnService(
        fileURLToPath(new URL(`../../services/${service}/src/main.ts`, import.meta.url)),
        {
          cwd: folder,
          readyUrl: `${operations}/startupz`,
          env: {
            NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(TELL)}`,
            DATABASE_URL: database.url,
            HOST: '127.0.0.1',
            PORT: '0',
            OPS_HOST: '127.0.0.1',
            OPS_PORT: new URL(operations).port,
            TOKEN: 'test-only',
            ...env,
          },
        },
      );
      await running.stop();
      return [...running.output().matchAll(/^loaded node_modules\/(.*)$/gm)].map(([, name = '']) => name);
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

// Half of the modules that a service without Kafka would load, and half of what its start takes.
describe('the clients of Kafka', () => {
  for (const [service, clients] of [
    ['ingress', ['@platformatic/kafka']],
    ['processor', ['@platformatic/kafka', 'kafkajs']],
  ] as const) {
    it(`are loaded by the ${service} where KAFKA_BROKERS is set, and else not`, async () => {
      assert.deepEqual(await clientsOf(service, {}), []);
      const brokers = `127.0.0.1:${await freePort()}`;
      const loaded = await clientsOf(service, { KAFKA_BROKERS: brokers, KAFKA_DURABILITY: 'single-node' });
      assert.deepEqual(loaded.toSorted(), clients);
    });
  }

  it('are loaded by a processor that waits for PostgreSQL, so that the image has them compiled', async () => {
    const [nowhere, brokers] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    const loaded = await clientsOf('processor', {
      DATABASE_URL: `postgres://nobody@${nowhere}/none`,
      KAFKA_BROKERS: brokers,
      KAFKA_DURABILITY: 'single-node',
    });
    assert.deepEqual(loaded.toSorted(), ['@platformatic/kafka', 'kafkajs']);
  });
});
