import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createPool } from '@ackline/store/pool';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { startTcpProxy } from '@ackline/testkit/tcp-proxy';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { createSideConnection } from '../../src/side/side-connection.ts';

describe('work beside the log', () => {
  let database: TestDatabase;
  let pool: Pool;
  const open = (url: string) =>
    createPool({ connectionString: url, applicationName: 'side', max: 5, onError: () => undefined });
  const used = () => pool.totalCount - pool.idleCount;
  before(async () => {
    database = await createTestDatabase();
    pool = open(database.url);
    await pool.query('create table kept (n int)');
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  it('has one connection, however much of it there is', async () => {
    const side = createSideConnection(pool);
    const seen: number[] = [];
    await Promise.all(
      [1, 2, 3].map(n =>
        side(async client => {
          seen.push(used());
          await client.query('insert into kept values ($1)', [n]);
        }),
      ),
    );
    assert.deepEqual(seen, [1, 1, 1]);
    const { rows } = await pool.query('select n from kept order by n');
    assert.deepEqual(rows, [{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  it('gives up behind the lock of another, and the next one has its turn', async () => {
    const side = createSideConnection(pool, { serverLimitMs: 50 });
    const other = await pool.connect();
    try {
      await other.query('begin; lock table kept');
      await assert.rejects(
        side(client => client.query('insert into kept values (4)')),
        { code: '57014' },
      );
      assert.equal(await side(async client => (await client.query('select 1')).rowCount), 1);
    } finally {
      await other.query('rollback');
      other.release();
    }
  });

  it('gives the connection back where the server does not answer', async () => {
    const { hostname: host, port } = new URL(database.url);
    await using proxy = await startTcpProxy({ host, port: Number(port) });
    const through = new URL(database.url);
    through.hostname = '127.0.0.1';
    through.port = String(proxy.port);
    const hanging = open(through.href);
    try {
      const side = createSideConnection(hanging, { clientLimitMs: 100 });
      await side(client => client.query('select 1'));
      proxy.stall();
      await assert.rejects(side(client => client.query('select 1')));
      assert.equal(hanging.totalCount, 0);
      await proxy.heal();
      await waitFor(() =>
        side(client => client.query('select 1')).then(
          () => true,
          () => false,
        ),
      );
    } finally {
      await hanging.end();
    }
  });
});
