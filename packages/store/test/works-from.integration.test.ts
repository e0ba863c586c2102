import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { openPool } from './rows.ts';

describe('what migrations owe to the code before and beside them', () => {
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

  it('lets no release start behind transforms that would send bodies as they came', async () => {
    const { rows } = await pool.query<{ works_from: number | null }>(
      "select works_from from schema_migrations where name = '0010-transforms.sql'",
    );
    assert.deepEqual(rows, [{ works_from: 10 }]);
  });

  it('has the columns of kept events in the order of those of events, as which they are copied', async () => {
    const columnsOf = async (table: string) => {
      const { rows } = await pool.query<{ name: string; type: string }>(
        `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
          where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`,
        [table],
      );
      return rows;
    };
    const columns = await columnsOf('events');
    assert.ok(columns.length > 10);
    assert.deepEqual(await columnsOf('kept_events'), columns);
  });
});
