import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { type FakeReceiver, startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { freePort } from '@ackline/testkit/free-port';
import { type SpawnedService, spawnService } from '@ackline/testkit/spawn-service';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Frame } from '../../src/top/frame.ts';
import type { Screen } from '../../src/top/screen.ts';
import { ranCli } from '../ran-cli.ts';

const SLOW = { timeoutMs: 60_000 };
const NOBODY = 'http://127.0.0.1:9';

interface Started {
  readonly service: SpawnedService;
  readonly port: number;
  readonly operations: string;
}

describe('ackline top at running services', () => {
  let folder: string;
  let database: TestDatabase;
  let receiver: FakeReceiver;
  let ingress: Started;
  let processor: Started;
  let sent = 0;

  async function start(name: string): Promise<Started> {
    const [port, opsPort] = [await freePort(), await freePort()];
    const operations = `http://127.0.0.1:${opsPort}`;
    const service = await spawnService(
      fileURLToPath(new URL(`../../../../services/${name}/src/main.ts`, import.meta.url)),
      {
        cwd: folder,
        readyUrl: `${operations}/readyz`,
        env: {
          DATABASE_URL: database.url,
          HOST: '127.0.0.1',
          OPS_HOST: '127.0.0.1',
          PORT: String(port),
          OPS_PORT: String(opsPort),
          TOKEN: 'top-token',
        },
      },
    );
    return { service, port, operations };
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ackline-top-'));
    database = await createTestDatabase();
    receiver = await startFakeReceiver();
    await writeFile(
      join(folder, 'ackline.yaml'),
      `sources: [{ name: telegram, provider: telegram, path: /webhook/telegram, secrets: [{ env: TOKEN }] }]
destinations: [{ name: bot, type: http, url: '${receiver.url}/' }, { name: erp, type: http, url: '${receiver.url}/erp' }]
routes: [{ name: to-bot, destination: bot }, { name: to-erp, destination: erp }]
`,
    );
    [ingress, processor] = await Promise.all([start('ingress'), start('processor')]);
  });
  after(async () => {
    await Promise.all([ingress.service.stop(), processor.service.stop()]);
    await receiver.close();
    await database.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function send(): Promise<void> {
    sent += 1;
    const response = await fetch(`http://127.0.0.1:${ingress.port}/webhook/telegram`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': 'top-token' },
      body: `{"update_id":${sent},"message":{"chat":{"id":1},"date":1700000000}}`,
    });
    assert.equal(response.status, 200, await response.text());
  }

  /** Sends while the work runs. */
  async function whileSending<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const finished = work.finally(() => {
      over = true;
    });
    while (!over) await send();
    return finished;
  }

  const top = (
    args: readonly string[],
    { screen, databaseUrl = database.url }: { readonly screen?: Screen; readonly databaseUrl?: string } = {},
  ) =>
    ranCli(['top', ...args], {
      folder,
      ...(screen === undefined ? {} : { screen }),
      environment: { DATABASE_URL: databaseUrl },
    });

  const both = () => ['--ops', ingress.operations, '--ops', `${processor.operations}/`];

  it('prints one document for scripts, with rates, times and open work', async () => {
    receiver.always(({ url }) => ({ status: url === '/erp' ? 503 : 200 }));
    await send();
    await waitFor(() => receiver.requests.length >= 2, SLOW);
    const { exitCode, text } = await whileSending(top([...both(), '--json']));
    const frame = JSON.parse(text) as Frame;
    assert.equal(exitCode, 0);
    assert.deepEqual(
      frame.sources.map(({ name }) => name),
      ['telegram'],
    );
    assert.deepEqual([frame.tierInUse, frame.processors], ['inbox', 1]);
    assert.deepEqual(
      frame.destinations.map(({ name }) => name),
      ['bot', 'erp'],
    );
    const {
      sources: [source],
      ackMs,
      attemptsPerS,
      work,
      destinations: [, erp],
    } = frame;
    const positive = {
      accepted: source?.accepted,
      p50: ackMs?.p50,
      delivered: attemptsPerS['delivered'],
      due: erp?.due,
      oldestMs: work?.oldestMs,
    };
    for (const [name, value] of Object.entries(positive)) assert.ok(Number(value) > 0, `${name}: ${text}`);
    assert.ok(Number(ackMs?.p99) >= Number(ackMs?.p50), text);
  });

  it('prints once where there is no terminal', async () => {
    const { exitCode, text } = await top(both());
    assert.equal(exitCode, 0);
    for (const word of ['ACCEPTED/S', 'ACK', 'TIER', 'LAG', 'WORK', 'DESTINATION'])
      assert.match(text, new RegExp(word));
  });

  it('goes on when a service goes away, says so, and ends with the terminal as it was', async () => {
    const frames: string[] = [];
    const log: string[] = [];
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const screen: Screen = {
      columns: 60,
      rows: 20,
      ended,
      open: () => void log.push('open'),
      draw: lines => void frames.push(lines.join('\n')),
      close: () => void log.push('close'),
    };
    const running = top(['--ops', processor.operations], { screen });
    await waitFor(() => frames.some(frame => frame.includes('answers')), SLOW);
    await processor.service.stop();
    await waitFor(() => frames.at(-1)?.includes('is away (ECONNREFUSED)'), SLOW);
    end();
    assert.equal((await running).exitCode, 0);
    assert.deepEqual(log, ['open', 'close']);
    for (const line of frames.flatMap(frame => frame.split('\n'))) assert.ok(line.length <= 60, line);
  });

  it('says that all is away, with an exit status for scripts', async () => {
    const { exitCode, text } = await top(['--ops', NOBODY, '--once'], {
      databaseUrl: 'postgres://u:p@127.0.0.1:9/x',
    });
    assert.equal(exitCode, 1);
    assert.match(text, /127\.0\.0\.1:9 is away \([^)]+\)\nPostgreSQL is away \(ECONNREFUSED\)/);
  });
});
