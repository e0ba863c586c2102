import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, afterEach, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { AppError } from '@ackline/shared/app-error';
import { findFreePort } from '@ackline/embedded-postgres/port';
import { findProcess, isRunning } from '@ackline/embedded-postgres/process-table';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@ackline/embedded-postgres/start';
import pg from 'pg';

const isRoot = process.getuid?.() === 0;
const needsRoot = isRoot ? {} : { skip: 'only root can start it for root' };

let folder: string;
let dataDir: string;
const said: string[] = [];
const running: EmbeddedPostgres[] = [];
const starters: ChildProcess[] = [];

async function start(options: { dataDir?: string; port?: number } = {}): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, log: message => said.push(message), ...options });
  running.push(server);
  return server;
}

async function query(server: Pick<EmbeddedPostgres, 'url'>, sql: string): Promise<unknown[][]> {
  const client = new pg.Client({ connectionString: server.url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows;
  } finally {
    await client.end();
  }
}

async function rejectsWith(promise: Promise<unknown>, code: string, message: RegExp): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof AppError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });
}

/** Starts a server from another process. */
async function startElsewhere(): Promise<{ starter: ChildProcess; pid: number; url: string }> {
  const path = fileURLToPath(new URL('./starter.ts', import.meta.url));
  const starter = spawn(process.execPath, [path, dataDir], { stdio: ['ignore', 'pipe', 'ignore'] });
  starters.push(starter);
  assert.ok(starter.stdout);
  for await (const line of createInterface(starter.stdout)) return { starter, ...JSON.parse(line) };
  throw new Error('the starter ended without a server');
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ackline-start-'));
  dataDir = join(folder, 'postgres');
});
afterEach(async () => {
  await Promise.all(running.splice(0).map(server => server.stop()));
  for (const starter of starters.splice(0)) {
    if (starter.exitCode !== null || starter.signalCode !== null) continue;
    starter.kill('SIGTERM');
    await once(starter, 'exit');
  }
  said.length = 0;
});
after(() => rm(folder, { recursive: true }));

describe('embedded PostgreSQL', () => {
  it('makes its directory, takes connections with the password only, and keeps what an ack depends on', async () => {
    const server = await start();
    const settings = ['fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums', 'server_encoding'];
    const values = settings.map(name => `current_setting('${name}')`).join(',');
    assert.deepEqual(await query(server, `select ${values}`), [['on', 'on', 'on', 'on', 'UTF8']]);
    assert.deepEqual(await query(server, `select datcollate from pg_database where datname = 'postgres'`), [
      ['C'],
    ]);
    const stranger = server.url.replace(/:[^:@]+@/, ':wrong@');
    await assert.rejects(query({ url: stranger }, 'select 1'), /password authentication failed/);
    assert.equal((await stat(dataDir)).mode & 0o777, 0o700);
    assert.equal((await stat(join(dataDir, 'ackline-password'))).mode & 0o777, 0o600);
  });

  it('has room for the locks of forty statements on a year of partitions', async () => {
    const server = await start();
    const locks = 'select count(pg_advisory_xact_lock(n)) from generate_series(1, 40000) n';
    assert.deepEqual(await query(server, locks), [['40000']]);
  });

  it('keeps data over a stop and a start, and a stop ends open connections', async () => {
    const first = await start();
    await query(first, 'create table kept as select 42 as answer');
    const idle = new pg.Client({ connectionString: first.url });
    idle.on('error', () => undefined);
    await idle.connect();
    await first.stop();
    await first.stop();
    assert.deepEqual(await first.exited, { code: 0, signal: null });
    assert.deepEqual(await query(await start(), 'table kept'), [[42]]);
  });

  it('refuses a directory whose server runs, and names both processes', async () => {
    const { starter, pid } = await startElsewhere();
    const message = new RegExp(
      `in use by PostgreSQL \\(process ${pid}, started by process ${starter.pid}\\)`,
    );
    await rejectsWith(start(), 'ACKLINE_DATA_DIRECTORY', message);
    assert.ok(await isRunning(pid));
  });

  it('starts once when two processes start on a new directory at the same moment', async () => {
    await rm(dataDir, { recursive: true });
    const results = await Promise.allSettled([startElsewhere(), start()]);
    const failed = results.filter(result => result.status === 'rejected');
    assert.ok(failed.length <= 1);
    for (const { reason } of failed)
      assert.match(String(reason), /in use by PostgreSQL|ended without a server/);
    assert.deepEqual(await readdir(folder).then(names => names.filter(name => name.includes('.init-'))), []);
  });

  it('stops the server of a starter that was killed, and keeps what was committed', async () => {
    const { starter, pid, url } = await startElsewhere();
    await query({ url }, 'create table orphaned as select 7 as n');
    starter.kill('SIGKILL');
    await once(starter, 'exit');
    assert.ok(await isRunning(pid));
    assert.deepEqual(await query(await start(), 'table orphaned'), [[7]]);
    assert.equal(await isRunning(pid), false);
    assert.ok(said.some(message => message.includes(`process ${pid}`) && message.includes('outlived')));
  });

  it('tells when the server is killed, and recovers what was committed', async () => {
    const first = await start();
    await query(first, 'create table survived as select generate_series(1, 1000) as n');
    process.kill(first.pid, 'SIGKILL');
    assert.deepEqual(await first.exited, { code: null, signal: 'SIGKILL' });
    assert.deepEqual(await query(await start(), 'select count(*)::int from survived'), [[1000]]);
  });

  it('is not held up by a postmaster.pid whose number another program has now', async () => {
    await (await start()).stop();
    await writeFile(join(dataDir, 'postmaster.pid'), `${process.pid}\n${dataDir}\n1\n5432\n\n127.0.0.1\n`);
    await query(await start(), 'select 1');
    assert.ok(said.some(message => message.includes('stale postmaster.pid')));
  });

  it('makes a directory anew that a crash left half made', async () => {
    const folderBefore = join(folder, 'crashed');
    const target = join(folderBefore, 'postgres');
    await mkdir(`${target}.init-4194304/base`, { recursive: true });
    await mkdir(target);
    await query(await start({ dataDir: target }), 'select 1');
    assert.deepEqual((await readdir(folderBefore)).sort(), ['postgres', 'postgres.log']);
  });

  it('refuses the directory of another PostgreSQL major, and says what to do', async () => {
    const other = join(folder, 'other-major');
    await mkdir(other, { mode: 0o700 });
    await writeFile(join(other, 'PG_VERSION'), '16\n');
    await rejectsWith(
      start({ dataDir: other }),
      'ACKLINE_DATA_DIRECTORY',
      /PostgreSQL 16.*brings 17.*ackline backup/s,
    );
  });

  it('refuses a directory with something else in it, and leaves it as it is', async () => {
    const foreign = join(folder, 'foreign');
    await mkdir(foreign);
    await writeFile(join(foreign, 'thesis.txt'), 'irreplaceable');
    await rejectsWith(
      start({ dataDir: foreign }),
      'ACKLINE_DATA_DIRECTORY',
      /not empty, and is no PostgreSQL/,
    );
    assert.equal(await readFile(join(foreign, 'thesis.txt'), 'utf8'), 'irreplaceable');
  });

  it('opens the port that it is told, and refuses one that is held', async () => {
    const port = await findFreePort();
    assert.equal((await start({ port })).port, port);
    await running.pop()?.stop();
    const holder = createServer().listen(port, '127.0.0.1');
    await once(holder, 'listening');
    await rejectsWith(start({ port }), 'ACKLINE_PORT_IN_USE', new RegExp(`Port ${port} .* is held by`));
    holder.close();
  });
});

describe('started by root', needsRoot, () => {
  it('runs as an account without rights, also below a directory that this account can not enter', async () => {
    const closed = await mkdtemp(join(folder, 'closed-')); // mode 0700, as /root has
    const server = await start({ dataDir: join(closed, '.ackline', 'postgres') });
    await query(server, 'create table t as select 1; checkpoint');
    const status = await readFile(`/proc/${server.pid}/status`, 'utf8');
    assert.doesNotMatch(status, /^Uid:\s+0\b/m);
    assert.match(status, /^CapEff:\s+0+$/m);
    assert.equal((await findProcess(server.pid))?.cwd, server.dataDir);
  });

  it('takes over a copy that root made of a data directory', async () => {
    await (await start()).stop();
    await chown(dataDir, 0, 0);
    await chown(join(dataDir, 'PG_VERSION'), 0, 0);
    await query(await start(), 'select 1');
    assert.notEqual((await stat(join(dataDir, 'PG_VERSION'))).uid, 0);
  });
});
