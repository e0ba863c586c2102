import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { freePort } from '@ackline/testkit/free-port';
import { type SpawnedService, spawnService } from '@ackline/testkit/spawn-service';
import { waitFor } from '@ackline/testkit/wait-for';
import type { CacheRow } from '../../src/commands/cache.ts';
import type { Performance } from '../../src/perf/performance.ts';
import { ranCli } from '../ran-cli.ts';

const SLOW = { timeoutMs: 60_000 };

const BOT = `
import { defineHandler } from '@ackline/handlers/define-handler';
import { telegram } from '@ackline/handlers/telegram';

export const bot = defineHandler({
  name: 'bot',
  source: telegram,
  async handle(event, ctx) {
    const load = async () => (await ctx.http.get(ctx.settings.apiUrl)).json();
    await ctx.monitored('menu', () => ctx.cache.getOrLoad('menu', load, { ttlMs: 3_600_000 }));
  },
});
`;

describe('what handlers cost, over running processors', () => {
  let folder: string;
  let database: TestDatabase;
  /** Also where only some of it has started: what is left running would keep this process, and the whole tier, from ending. */
  const opened = new AsyncDisposableStack();
  let loads = 0;
  let ingress: { readonly service: SpawnedService; readonly port: number };
  let processors: readonly SpawnedService[];
  let sent = 0;

  async function start(name: string, port: number): Promise<SpawnedService> {
    const opsPort = await freePort();
    const main = fileURLToPath(new URL(`../../../../services/${name}/src/main.ts`, import.meta.url));
    const service = await spawnService(main, {
      cwd: folder,
      readyUrl: `http://127.0.0.1:${opsPort}/readyz`,
      env: {
        DATABASE_URL: database.url,
        HOST: '127.0.0.1',
        OPS_HOST: '127.0.0.1',
        PORT: String(port),
        OPS_PORT: String(opsPort),
        TOKEN: 'perf-token',
      },
    });
    opened.defer(async () => void (await service.stop()));
    return service;
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ackline-perf-'));
    opened.defer(() => rm(folder, { recursive: true, force: true }));
    database = await createTestDatabase();
    opened.defer(() => database.close());
    const api = createServer((_, response) => {
      loads += 1;
      response.end(JSON.stringify(['a menu']));
    });
    await new Promise<void>(resolve => api.listen(0, '127.0.0.1', resolve));
    opened.defer(() => new Promise(resolve => api.close(() => resolve())));
    const apiUrl = `http://127.0.0.1:${(api.address() as AddressInfo).port}/menu`;
    await writeFile(join(folder, 'bot.ts'), BOT);
    await writeFile(
      join(folder, 'ackline.yaml'),
      `sources: [{ name: telegram, provider: telegram, path: /webhook/telegram, secrets: [{ env: TOKEN }] }]
destinations: [{ name: bot, type: handler, module: ./bot.ts, settings: { apiUrl: '${apiUrl}' } }]
routes: [{ name: to-bot, destination: bot }]
`,
    );
    const port = await freePort();
    processors = [await start('processor', 0), await start('processor', 0)];
    ingress = { service: await start('ingress', port), port };
  });
  after(() => opened.disposeAsync());

  async function send(): Promise<void> {
    sent += 1;
    const response = await fetch(`http://127.0.0.1:${ingress.port}/webhook/telegram`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': 'perf-token' },
      body: `{"update_id":${sent},"message":{"chat":{"id":${sent}},"date":1700000000}}`,
    });
    assert.equal(response.status, 200, await response.text());
  }

  async function ackline(...args: readonly string[]): Promise<string> {
    const { exitCode, text } = await ranCli(args, {
      folder,
      environment: { DATABASE_URL: database.url, TOKEN: 'perf-token' },
    });
    assert.equal(exitCode, 0, text);
    return text;
  }
  const perf = async () => JSON.parse(await ackline('perf', '--json')) as Performance;
  const stats = async () => JSON.parse(await ackline('cache', 'stats', '--json')) as CacheRow;
  const handled = ({ destinations: [bot] }: Performance) => bot?.handler[0]?.count ?? 0;

  /** Each processor loads the value once, with no Redis between them. */
  const untilLoaded = (count: number) =>
    waitFor(async () => {
      await send();
      return loads === count;
    }, SLOW);

  it('is counted by function, caller and cache, and printed with the words of the report', async () => {
    await untilLoaded(2);
    await waitFor(async () => handled(await perf()) === sent, SLOW);
    const { processors: told, destinations, summary } = await perf();
    assert.equal(told, 2);
    assert.deepEqual(summary.calls.count, 2);
    const [bot] = destinations;
    assert.deepEqual([bot?.handler[0]?.name, bot?.functions[0]?.name], ['bot', 'menu']);
    assert.deepEqual([bot?.functions[0]?.count, bot?.functions[0]?.errors], [sent, 0]);
    assert.ok((bot?.memoryBytes ?? 0) > 1_048_576);
    const text = await ackline('perf');
    assert.match(
      text,
      /^Bot performance metrics:\n {2}API calls: 2 \(avg: \d+ms\)\n {2}Cache hits: \d+% \(\d+ cached/m,
    );
    assert.match(text, /^ {2}Memory usage: \d+MB\n {2}Active connections: \d+\/\d+$/m);
    const { misses, joined, hits, entries } = await stats();
    assert.deepEqual([misses, entries, hits.memory + joined], [2, 2, sent - 2]);
  });

  it('loads anew after a clear of all or one key, in a processor too that stood still meanwhile', async () => {
    const before = loads;
    await ackline('cache', 'clear', 'bot', '--key', 'another');
    processors[1]?.kill('SIGSTOP');
    try {
      assert.match(await ackline('cache', 'clear', 'bot', '--yes'), /^All keys of bot cleared: /);
      await untilLoaded(before + 1);
    } finally {
      processors[1]?.kill('SIGCONT');
    }
    await untilLoaded(before + 2);
    await ackline('cache', 'clear', 'bot', '--key', 'menu');
    await untilLoaded(before + 4);
    const audit = (await ackline('audit', '--json')).split('\n').map(line => JSON.parse(line) as unknown);
    assert.equal(audit.length, 3);
    assert.doesNotMatch(JSON.stringify(audit), /menu/);
  });

  it('clears nothing of what is no handler, or where nobody can say yes', async () => {
    await assert.rejects(
      ackline('cache', 'clear', 'crm', '--yes'),
      /no destination \\?"crm\\?" of type handler/,
    );
    await assert.rejects(ackline('cache', 'clear', 'bot'), /Nothing is cleared: there is no terminal/);
  });
});
