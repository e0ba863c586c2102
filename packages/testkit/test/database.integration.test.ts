import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTestDatabase, withDatabase } from '@ackline/testkit/database';
import pg from 'pg';

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'leaky-test' });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

describe('a test database', () => {
  it('has all migrations, and is nobody else’s', async () => {
    const [one, two] = await Promise.all([createTestDatabase(), createTestDatabase()]);
    const client = await connect(one.url);
    await client.query('create table mine ()');
    const tables = await client.query(
      "select 1 from pg_tables where schemaname not in ('pg_catalog', 'information_schema')",
    );
    assert.ok((tables.rowCount ?? 0) > 1);
    await client.end();
    const other = await connect(two.url);
    await assert.rejects(other.query('table mine'), /does not exist/);
    await other.end();
    await Promise.all([one.close(), two.close()]);
  });

  it('is empty when asked for', async () => {
    await withDatabase(
      async ({ url }) => {
        const client = await connect(url);
        const { rows } = await client.query(
          "select count(*)::int as n from pg_tables where schemaname = 'public'",
        );
        assert.deepEqual(rows, [{ n: 0 }]);
        await client.end();
      },
      { migrated: false },
    );
  });

  it('names the connection that was left open, and is gone all the same', async () => {
    let leaked: pg.Client | undefined;
    let url = '';
    const leak = withDatabase(async database => {
      url = database.url;
      leaked = await connect(url);
    });
    await assert.rejects(leak, /1 connection\(s\).*not closed.*leaky-test, idle/s);
    await leaked?.end().catch(() => undefined);
    await assert.rejects(connect(url), /does not exist|ECONNREFUSED/);
  });

  it('leaves the test’s own error alone', async () => {
    const own = new Error('the assertion');
    await assert.rejects(
      withDatabase(() => Promise.reject(own)),
      own,
    );
  });
});
