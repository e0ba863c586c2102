import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { AppError } from '@ackline/shared/app-error';
import { newEventId } from '@ackline/shared/event-id';
import { createPool, type PoolOptions } from '@ackline/store/pool';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { freePort } from '@ackline/testkit/free-port';
import { startTcpProxy } from '@ackline/testkit/tcp-proxy';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { drainSpool, type SpoolDrainOptions } from '../../src/spool/drain-spool.ts';
import { spoolFileName } from '../../src/spool/spool-directory.ts';
import { appendAll, code, eventsOf, idsOf, SpoolBench } from './spool-fixture.ts';

const quiet = { warn: () => undefined, info: () => undefined, error: () => undefined } as never;
const NEVER_MS = 3_600_000;
const SOON_MS = 2_000;

describe('drainSpool', () => {
  let database: TestDatabase;
  let pool: Pool;

  const open = (url: string, options: Pick<PoolOptions, 'checkNew'> = {}): Pool =>
    createPool({
      connectionString: url,
      applicationName: 'drain-test',
      max: 2,
      onError: () => undefined,
      ...options,
    });

  before(async () => {
    database = await createTestDatabase();
    pool = open(database.url);
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  /** In the order of the inbox. */
  const inInbox = async (ids: readonly string[]): Promise<string[]> =>
    (
      await pool.query<{ id: string }>('select id from inbox where id = any($1::uuid[]) order by n', [ids])
    ).rows.map(({ id }) => id);

  /** Events in a file that no process holds. */
  async function leaveBehind(bench: SpoolBench, count: number): Promise<string[]> {
    const spool = await bench.open();
    const events = eventsOf(count);
    await appendAll(spool, events);
    await spool.close();
    return idsOf(events);
  }

  const drain = (bench: SpoolBench, options: Partial<SpoolDrainOptions> = {}) =>
    drainSpool({
      directory: bench.directory,
      kafka: null,
      pool,
      checkPostgres: async () => void (await pool.query('select 1')),
      patienceMs: NEVER_MS,
      log: quiet,
      onProgress: () => undefined,
      ...options,
    });

  it('takes what processes that are gone have left, in order, and removes their files', async () => {
    await using bench = new SpoolBench();
    const ids = [...(await leaveBehind(bench, 200)), ...(await leaveBehind(bench, 20))];
    const told: number[] = [];
    const drained = await drain(bench, { onProgress: ({ taken }) => told.push(taken) });
    assert.equal(drained.taken, ids.length);
    assert.deepEqual(drained.files, []);
    assert.deepEqual(bench.files(), []);
    assert.deepEqual(await inInbox(ids), ids);
    assert.equal(told.at(-1), ids.length);
  });

  it('takes more files than it may have open at a time', async () => {
    await using bench = new SpoolBench();
    const ids: string[] = [];
    for (let file = 0; file < 18; file += 1) ids.push(...(await leaveBehind(bench, 1)));
    const drained = await drain(bench);
    assert.deepEqual([drained.taken, drained.files], [ids.length, []]);
    assert.deepEqual(await inInbox(ids), ids);
  });

  it('ends at once where there is nothing', async () => {
    await using bench = new SpoolBench();
    const drained = await drain(bench);
    assert.deepEqual([drained.taken, drained.files, bench.files()], [0, [], []]);
  });

  it('gives up while no log answers, keeps every event, and goes on when it is started again', async () => {
    await using bench = new SpoolBench();
    const ids = await leaveBehind(bench, 30);
    const away = open(`postgres://nobody@127.0.0.1:${await freePort()}/none`);
    bench.defer(() => away.end());
    const drained = await drain(bench, {
      pool: away,
      checkPostgres: async () => void (await away.query('select 1')),
      patienceMs: SOON_MS,
    });
    assert.deepEqual([drained.taken, drained.spool.events, drained.files.length], [0, ids.length, 1]);
    assert.deepEqual(bench.databases(), drained.files);
    assert.equal((await drain(bench)).taken, ids.length);
    assert.deepEqual(await inInbox(ids), ids);
  });

  it('waits for a PostgreSQL that is away at its start', async () => {
    await using bench = new SpoolBench();
    const ids = await leaveBehind(bench, 5);
    const url = new URL(database.url);
    const proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
    url.hostname = '127.0.0.1';
    url.port = String(proxy.port);
    const behind = open(url.href);
    bench.defer(async () => {
      await behind.end();
      await proxy.close();
    });
    await proxy.cut();
    let asked = 0;
    const draining = drain(bench, {
      pool: behind,
      async checkPostgres() {
        asked += 1;
        await behind.query('select 1');
      },
    });
    await waitFor(() => asked > 1);
    assert.deepEqual(await inInbox(ids), []);
    await proxy.heal();
    assert.equal((await draining).taken, ids.length);
    assert.deepEqual(await inInbox(ids), ids);
  });

  it('gives nothing to a PostgreSQL that would lose it (A1)', async () => {
    await using bench = new SpoolBench();
    const ids = await leaveBehind(bench, 5);
    const weak = () => Promise.reject(new AppError('ACKLINE_POSTGRES_NOT_DURABLE'));
    await assert.rejects(drain(bench, { checkPostgres: weak }), code('ACKLINE_POSTGRES_NOT_DURABLE'));
    assert.deepEqual(await inInbox(ids), []);
    assert.equal(bench.databases().length, 1);
  });

  it('gives nothing to one that comes back and would lose it (A1)', async () => {
    await using bench = new SpoolBench();
    const ids = await leaveBehind(bench, 5);
    const errors = [new Error('away'), new AppError('ACKLINE_POSTGRES_NOT_DURABLE')];
    const check = () => Promise.reject(errors.shift() ?? new Error('asked too often'));
    await assert.rejects(drain(bench, { checkPostgres: check }), code('ACKLINE_POSTGRES_NOT_DURABLE'));
    assert.deepEqual(await inInbox(ids), []);
    assert.equal(bench.databases().length, 1);
  });

  it('ends, and keeps the spool, where one is made weaker while it drains (A1)', async () => {
    await using bench = new SpoolBench();
    await leaveBehind(bench, 5);
    const weakened = open(database.url, {
      checkNew: async client => void (await client.query('set synchronous_commit = off')),
    });
    await assert.rejects(drain(bench, { pool: weakened }), code('ACKLINE_POSTGRES_NOT_DURABLE'));
    await weakened.end();
    assert.equal(bench.databases().length, 1);
  });

  it('leaves the file of a process that runs, and says so', async () => {
    await using bench = new SpoolBench();
    const living = await bench.open();
    await appendAll(living, eventsOf(3));
    const ids = await leaveBehind(bench, 2);
    const drained = await drain(bench, { patienceMs: SOON_MS });
    assert.deepEqual([drained.taken, drained.spool.leftovers, drained.files.length], [ids.length, 1, 1]);
    assert.equal(living.snapshot().events, 3);
  });

  it('takes what it can beside a damaged file, names that, and does not wait for it to heal', async () => {
    await using bench = new SpoolBench();
    const damaged = spoolFileName(newEventId());
    writeFileSync(join(bench.directory, damaged), Buffer.alloc(8_192, 0x5a));
    const ids = await leaveBehind(bench, 4);
    const drained = await drain(bench);
    assert.deepEqual(
      [drained.taken, drained.files, drained.spool.corruptFiles],
      [ids.length, [damaged], [damaged]],
    );
    assert.deepEqual(bench.databases(), [damaged]);
  });

  it('refuses a directory that is not there, and makes none', async () => {
    await using bench = new SpoolBench();
    const directory = join(bench.directory, 'typing-error');
    await assert.rejects(drain(bench, { directory }), code('ACKLINE_SPOOL_NOT_DRAINED'));
    assert.equal(existsSync(directory), false);
  });
});
