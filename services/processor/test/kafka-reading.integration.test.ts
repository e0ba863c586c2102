import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { withDatabase } from '@ackline/testkit/database';
import { freePort } from '@ackline/testkit/free-port';
import { scrape } from '@ackline/testkit/scrape';
import { spawnService } from '@ackline/testkit/spawn-service';
import { askOpened, createKafkaReading } from '../src/kafka-reading.ts';

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

describe('what the partitions hold', () => {
  const readingOf = (port: number) =>
    createKafkaReading({
      source: { brokers: [`127.0.0.1:${port}`], durability: 'single-node' },
      pool: {} as never,
      workers: 1,
      onPartitions: () => Promise.resolve(),
      log: { warn: () => undefined } as never,
    });
  /** `answer`: how the question ended; null: it has not. */
  function ask(reading: ReturnType<typeof readingOf>) {
    const asked = { answer: null as unknown, ended: Promise.resolve() };
    const note = (answer: unknown) => void (asked.answer = answer);
    asked.ended = reading.highWatermarks().then(note, (error: { code: unknown }) => note(error.code));
    return asked;
  }
  const UNAVAILABLE = 'ACKLINE_KAFKA_UNAVAILABLE';

  it('is not answered before the topic was tried to be opened once, and at once from then on', async t => {
    const server = createServer().listen(0, '127.0.0.1');
    const ending = new AbortController();
    t.after(() => {
      ending.abort();
      server.close();
    });
    await once(server, 'listening');
    const reading = readingOf((server.address() as AddressInfo).port);
    const first = ask(reading);
    const running = reading.component({} as never).run(ending.signal);
    const [socket] = (await once(server, 'connection')) as [Socket];
    assert.equal(first.answer, null);
    socket.destroy();
    await assert.rejects(running);
    await first.ended;
    assert.equal(first.answer, UNAVAILABLE);
    const second = ask(reading);
    await second.ended;
    assert.equal(second.answer, UNAVAILABLE);
  });

  it('is asked again where the topic is opened anew under the question, and else only where it is', async () => {
    const away = new Error('the connection ended');
    const held = new Map([[0, 7n]]);
    const ended = Promise.withResolvers<never>();
    const older = { highWatermarks: () => ended.promise };
    const newer = { highWatermarks: () => Promise.resolve(held) };
    let opened: typeof older | typeof newer = older;
    const asked = askOpened(() => opened);
    opened = newer;
    ended.reject(away);
    assert.equal(await asked, held);
    await assert.rejects(
      askOpened(() => older),
      away,
    );
  });

  it('is known to be unknown after five seconds in which the topic is not opened', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const reading = readingOf(await freePort());
    const first = ask(reading);
    const turns = () => new Promise(resolve => setImmediate(resolve));
    t.mock.timers.tick(4_999);
    await turns();
    assert.equal(first.answer, null);
    t.mock.timers.tick(1);
    await first.ended;
    assert.equal(first.answer, UNAVAILABLE);
  });
});
