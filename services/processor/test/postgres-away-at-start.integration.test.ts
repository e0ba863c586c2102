import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { type FakeReceiver, startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { freePort } from '@ackline/testkit/free-port';
import { scrape } from '@ackline/testkit/scrape';
import { spawnService } from '@ackline/testkit/spawn-service';
import { startTcpProxy, type TcpProxy } from '@ackline/testkit/tcp-proxy';
import { waitFor } from '@ackline/testkit/wait-for';
import { appendToInbox, openPool, sampleEvent } from './events.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const SLOW = { timeoutMs: 60_000 };

interface Readiness {
  readonly ready: boolean;
  readonly parts: Record<string, { readonly ok: boolean; readonly detail?: string }>;
}

describe('a processor that starts while PostgreSQL is away', () => {
  let folder: string;
  let database: TestDatabase;
  let receiver: FakeReceiver;
  let proxy: TcpProxy;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ackline-processor-'));
    receiver = await startFakeReceiver();
  });
  beforeEach(async () => {
    database = await createTestDatabase();
    proxy = await startTcpProxy({ port: Number(new URL(database.url).port) });
    await proxy.cut();
    await declare('/hook');
  });
  afterEach(async () => {
    await proxy.close();
    await database.close();
  });
  after(async () => {
    await receiver.close();
    await rm(folder, { recursive: true });
  });

  const declare = (path: string) =>
    writeFile(
      join(folder, 'ackline.yaml'),
      `sources: [{ name: telegram, provider: telegram, path: /webhook/telegram, secrets: [{ env: TOKEN }] }]
routes: [{ name: all, destination: crm }]
destinations: [{ name: crm, type: http, url: ${receiver.url}${path} }]
`,
    );

  async function start(databaseUrl: string) {
    const operations = `http://127.0.0.1:${await freePort()}`;
    const service = await spawnService(MAIN, {
      cwd: folder,
      env: {
        DATABASE_URL: databaseUrl,
        OPS_HOST: '127.0.0.1',
        OPS_PORT: new URL(operations).port,
        TOKEN: 'x',
      },
    });
    const ask = (path: string) => fetch(operations + path);
    const readiness = async () => (await (await ask('/readyz')).json()) as Readiness;
    const untilItWaits = (reason: string) =>
      waitFor(async () => (await readiness()).parts['postgres']?.detail?.includes(reason), SLOW);
    return Object.assign(service, { operations, ask, readiness, untilItWaits });
  }

  function throughProxy(url: string): string {
    const target = new URL(url);
    target.port = String(proxy.port);
    return target.href;
  }

  it('waits for it, alive, not ready and with the reason, then delivers by the file as it is by then', async () => {
    await using service = await start(throughProxy(database.url));
    await service.untilItWaits('the start waits for PostgreSQL (ECONNREFUSED)');
    // Started: a startup probe gives up after its time, and would have the process restarted for ever.
    for (const path of ['/livez', '/startupz']) assert.equal((await service.ask(path)).status, 200, path);
    assert.equal((await service.ask('/readyz')).status, 503);
    assert.equal((await scrape(service.operations)).value('ackline_processor_scaling_lag_seconds'), 0);
    // Lines are written some at a time.
    await waitFor(() => /"code":"ECONNREFUSED".*"postgres\.away-at-start"/.test(service.output()));
    await declare('/changed');
    const pool = openPool(database.url);
    await appendToInbox(pool, [sampleEvent()]);
    await pool.end();
    await proxy.heal();
    await waitFor(async () => (await service.readiness()).ready, SLOW);
    await waitFor(() => receiver.requests.length === 1, SLOW);
    assert.equal(receiver.requests[0]?.url, '/changed');
    assert.deepEqual(await service.stop(), { code: 0, signal: null }, service.output());
    assert.match(service.output(), /"postgres\.found"/);
  });

  it('ends with 0 on SIGTERM while it waits', async () => {
    await using service = await start(throughProxy(database.url));
    await service.untilItWaits('ECONNREFUSED');
    assert.deepEqual(await service.stop(), { code: 0, signal: null }, service.output());
    assert.doesNotMatch(service.output(), /processor\.started/);
  });

  it('waits for a standby to take writes', async () => {
    const pool = openPool(database.url);
    await pool.query(`alter database ${database.name} set default_transaction_read_only = on`);
    await pool.end();
    await using service = await start(database.url);
    await service.untilItWaits('25006');
    const writer = openPool(database.url);
    await writer.query(
      `begin read write; alter database ${database.name} reset default_transaction_read_only; commit`,
    );
    await writer.end();
    // A connection that was made before stays read-only, like one to a server that stays a standby.
    await waitFor(async () => (await service.readiness()).ready, SLOW);
    assert.equal((await service.stop()).code, 0, service.output());
  });

  it('is refused a schema that is too old or too new at once, and after a wait', async () => {
    const old = await createTestDatabase({ migrated: false });
    const pool = openPool(database.url);
    await pool.query("insert into schema_migrations (version, name) values (9999, 'of-a-later-release.sql')");
    await pool.end();
    const waiting = await start(throughProxy(database.url));
    await waiting.untilItWaits('ECONNREFUSED');
    const atOnce = [await start(old.url), await start(database.url)];
    await proxy.heal();
    const services = [...atOnce, waiting];
    const ends = await Promise.all(services.map(service => service.exited));
    assert.deepEqual(
      ends.map(({ code }) => code),
      [1, 1, 1],
    );
    const codes = services.map(service => /"code":"(ACKLINE_\w+)"/.exec(service.output())?.[1]);
    assert.deepEqual(codes, ['ACKLINE_SCHEMA_OLDER', 'ACKLINE_SCHEMA_NEWER', 'ACKLINE_SCHEMA_NEWER']);
    for (const service of atOnce) assert.doesNotMatch(service.output(), /away-at-start/);
    await old.close();
  });
});
