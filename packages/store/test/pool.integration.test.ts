import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createPool } from '@ackline/store/pool';
import { inTransaction } from '@ackline/store/transaction';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { openPool } from './rows.ts';

describe('a pool', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url, 2);
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  it('commits durably, counts in UTC and sees what was committed before, whatever the server’s defaults say', async () => {
    await pool.query(`alter database ${database.name} set synchronous_commit = off`);
    await pool.query(`alter database ${database.name} set timezone = 'Asia/Tokyo'`);
    await pool.query(`alter database ${database.name} set default_transaction_isolation = 'repeatable read'`);
    const fresh = openPool(database.url);
    const { rows } = await fresh.query(
      `select current_setting('synchronous_commit') as commit, current_setting('timezone') as zone,
              current_setting('transaction_isolation') as isolation`,
    );
    await fresh.end();
    assert.deepEqual(rows, [{ commit: 'on', zone: 'UTC', isolation: 'read committed' }]);
  });

  it('asks silent peers itself and ends idle transactions, so that no lock outlives its holder for long', async () => {
    const names = [
      'idle_in_transaction_session_timeout',
      'statement_timeout',
      'tcp_keepalives_idle',
      'tcp_keepalives_interval',
      'tcp_keepalives_count',
      'tcp_user_timeout',
    ];
    const shown = await Promise.all(
      names.map(async name => (await pool.query(`select current_setting('${name}') as value`)).rows[0].value),
    );
    assert.deepEqual(shown, ['5s', '5s', '10', '5', '3', '15000'].map(String));
  });

  it('gives out no connection that its check refuses, and says why to who wanted it', async () => {
    const asked: unknown[] = [];
    const own = createPool({
      connectionString: database.url,
      applicationName: 'checked',
      max: 1,
      async checkNew(client) {
        const { rows } = await client.query<{ name: string }>(
          "select current_setting('application_name') as name",
        );
        asked.push(rows[0]?.name);
        if (asked.length === 1) throw new Error('weak');
      },
      onError: () => undefined,
    });
    await assert.rejects(own.query('select 1'), /weak/);
    assert.equal(own.totalCount, 0);
    await own.query('select 1');
    await own.query('select 1');
    await own.end();
    assert.deepEqual(asked, ['checked', 'checked']);
  });

  it('ends a transaction that is idle for longer than the limit, and serves on', async () => {
    const own = createPool({
      connectionString: database.url,
      applicationName: 'idler',
      max: 1,
      limitMs: 500, // a busy machine takes 50 ms to connect
      onError: () => undefined,
    });
    const idle = inTransaction(own, async client => {
      await new Promise(resolve => client.once('end', resolve));
      await client.query('select 1');
    });
    await assert.rejects(idle);
    assert.equal((await own.query('select 1')).rowCount, 1);
    await own.end();
  });

  it('survives the loss of a connection that is idle, and of one that is in use', async () => {
    const errors: Error[] = [];
    const own = createPool({
      connectionString: database.url,
      applicationName: 'pool-victim',
      max: 2,
      onError: error => void errors.push(error),
    });
    const used = await own.connect();
    const idle = await own.connect();
    idle.release();
    await pool.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pool-victim'",
    );
    await waitFor(() => own.totalCount === 1 && errors.length === 1); // only the one in use is counted still
    used.release(true);
    assert.equal((await own.query('select 1')).rowCount, 1);
    await own.end();
  });

  it('has the server end a statement that takes longer than the limit, and keeps its connection', async () => {
    const impatient = createPool({
      connectionString: database.url,
      applicationName: 'impatient',
      max: 1,
      limitMs: 500, // a busy machine takes 50 ms to connect
      onError: () => undefined,
    });
    const client = await impatient.connect();
    const pid = async () => (await client.query('select pg_backend_pid() as pid')).rows[0].pid as number;
    const before = await pid();
    await assert.rejects(client.query('select pg_sleep(30)'), { code: '57014' });
    assert.equal(await pid(), before);
    client.release();
    await impatient.end();
  });

  it('gives up a lock that is not free, sooner than a statement that takes long', async () => {
    const own = createPool({
      connectionString: database.url,
      applicationName: 'waiter',
      max: 1,
      lockLimitMs: 50,
      onError: () => undefined,
    });
    await pool.query('create table locked_for_long ()');
    await inTransaction(pool, async client => {
      await client.query('lock table locked_for_long');
      await assert.rejects(own.query('select from locked_for_long'), { code: '55P03' });
    });
    await own.query('select pg_sleep(0.1) from (select) one left join locked_for_long on true');
    await own.end();
  });

  describe('in a transaction', () => {
    it('leaves nothing of work that throws, and can use its connection again', async () => {
      await pool.query('create table notes (n int primary key)');
      const failure = new Error('half way');
      await assert.rejects(
        inTransaction(pool, async client => {
          await client.query('insert into notes values (1)');
          throw failure;
        }),
        failure,
      );
      assert.equal((await pool.query('table notes')).rowCount, 0);
      assert.equal(pool.idleCount, pool.totalCount);
    });

    it('reports a failure that only the commit brings', async () => {
      await pool.query('create table late (n int unique deferrable initially deferred)');
      const twice = inTransaction(pool, client => client.query('insert into late values (1), (1)'));
      await assert.rejects(twice, /duplicate key/);
      assert.equal((await pool.query('table late')).rowCount, 0);
    });

    it('throws a connection away that was lost on the way', async () => {
      const lost = inTransaction(pool, client =>
        client.query('select pg_terminate_backend(pg_backend_pid())'),
      );
      await assert.rejects(lost);
      assert.equal((await pool.query('select 1')).rowCount, 1);
    });
  });
});
