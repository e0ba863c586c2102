import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { readConnectionRoom } from '@ackline/store/connection-room';
import { writeHeartbeat } from '@ackline/store/processors';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { openPool } from './rows.ts';

describe('the room for connections', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  it('is what the server says, without what is reserved; own connections and dead processors do not count', async () => {
    const { rows } = await pool.query<{ max: number }>(
      "select current_setting('max_connections')::int as max",
    );
    await writeHeartbeat(pool, 'gone', {});
    await pool.query("update processors set heartbeat_at = now() - interval '7 seconds'");
    await pool.query(
      "insert into processors (id, state, heartbeat_at) values ('ahead', '{}', now() + interval '7 seconds')",
    );
    await writeHeartbeat(pool, 'here', {});
    const own = await readConnectionRoom(pool, ['none', 'store %', 'store-te%']);
    const foreign = await readConnectionRoom(pool, ['another']);
    assert.ok(own.usable < rows[0]!.max && own.usable > rows[0]!.max - 20);
    assert.equal(own.processors, 1);
    assert.ok(foreign.others > own.others);
  });
});
