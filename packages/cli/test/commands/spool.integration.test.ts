import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openSpool } from '@ackline/eventlog/spool/spool';
import { newEventId } from '@ackline/shared/event-id';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import pg from 'pg';
import { ranCli } from '../ran-cli.ts';

const quiet = { warn: () => undefined, info: () => undefined, error: () => undefined } as never;

describe('ackline spool drain', () => {
  let database: TestDatabase;
  let folder = '';

  before(async () => {
    database = await createTestDatabase();
    folder = await mkdtemp(join(tmpdir(), 'ackline-spool-command-'));
  });
  after(async () => {
    await database.close();
    await rm(folder, { recursive: true, force: true });
  });

  const run = (environment: Record<string, string>, ...args: string[]) =>
    ranCli(args, { folder, environment: { DATABASE_URL: database.url, ...environment } });

  /** An event in a file of `directory` that no process holds. */
  async function leaveBehind(directory: string): Promise<string> {
    const spool = await openSpool({
      directory,
      maxBytes: 1024 * 1024,
      maxAgeMs: 60_000,
      allowEphemeral: true,
      log: quiet,
    });
    const id = newEventId();
    const event = {
      id,
      source: 'telegram',
      tenant: 'default',
      provider: 'telegram',
      type: 'message',
      dedupKey: id,
      orderingKey: '42',
      occurredAt: null,
      receivedAt: 1_795_372_800_000,
      method: 'POST',
      url: 'https://hooks.example.com/webhook/telegram',
      headers: [],
      body: Buffer.from('{"update_id":1}'),
      priority: 'normal',
      traceparent: null,
      notBefore: null,
    } as const;
    await spool.append(event, { afterOffset: -1n, deadlineMs: 10_000 });
    await spool.close();
    return id;
  }

  it('empties SPOOL_DIR into PostgreSQL and ends with 0', async () => {
    const SPOOL_DIR = join(folder, 'spool');
    const id = await leaveBehind(SPOOL_DIR);
    const { exitCode, out, err } = await run({ SPOOL_DIR }, 'spool', 'drain');
    assert.equal(err, '');
    assert.equal(exitCode, 0);
    assert.equal(out, `1 event taken; ${SPOOL_DIR} holds no event any more.`);
    assert.deepEqual(await readdir(SPOOL_DIR), []);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      const { rows } = await client.query('select id from inbox');
      assert.deepEqual(rows, [{ id }]);
    } finally {
      await client.end();
    }
  });

  it('ends with 1 and a code where something is left, and keeps it', async () => {
    await leaveBehind(join(folder, 'left'));
    const { exitCode, out, err } = await run(
      { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' },
      'spool',
      'drain',
      'left',
      '--patience',
      '300ms',
    );
    assert.equal(exitCode, 1);
    assert.equal(out, '');
    assert.match(
      err,
      /error \[ACKLINE_SPOOL_NOT_DRAINED\] 0 events taken, but \S+left still holds 1 event that no log took/,
    );
    assert.equal((await readdir(join(folder, 'left'))).filter(name => name.endsWith('.sqlite')).length, 1);
  });

  it('asks for a directory where none is named', async () => {
    const { exitCode, err } = await run({}, 'spool', 'drain');
    assert.equal(exitCode, 1);
    assert.match(err, /error \[ACKLINE_USAGE\] No spool is named, and SPOOL_DIR is not set/);
  });
});
