import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { buildIndexes } from '@ackline/store/migrate-indexes';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import pg, { type Pool } from 'pg';
import { openPool, storeDeliveries } from './rows.ts';

const FILE = `-- works-from: 10
-- index: deliveries_tried on deliveries (source, created_at) where state = 'parked'
create table nothing_of_it ();
`;

describe('an index that a migration builds on a large table', () => {
  let database: TestDatabase;
  let pool: Pool;
  let client: pg.Client;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
    client = new pg.Client({ connectionString: database.url, application_name: 'builder' });
    await client.connect();
  });
  after(async () => {
    await client.end();
    await pool.end();
    await database.close();
  });

  const isValid = async () => {
    const { rows } = await pool.query<{ valid: boolean }>(
      "select indisvalid as valid from pg_index where indexrelid = to_regclass('deliveries_tried')",
    );
    return rows[0]?.valid ?? null;
  };

  it('holds up nobody who stores, though it waits for one that stands still', async () => {
    const slow = await pool.connect();
    try {
      await slow.query('begin');
      await slow.query('lock table deliveries in row exclusive mode');
      const building = buildIndexes(client, FILE);
      await waitFor(
        async () =>
          (
            await pool.query(
              "select from pg_stat_activity where datname = current_database() and application_name = 'builder' and wait_event_type = 'Lock'",
            )
          ).rowCount === 1,
      );
      await storeDeliveries(pool, [{ orderingKey: null }]);
      assert.notEqual(await isValid(), true);
      await slow.query('commit');
      await building;
    } finally {
      slow.release();
    }
    assert.equal(await isValid(), true);
  });

  it('is built anew where a try before it ended half-way, and left as it is where it is whole', async () => {
    const oid = async () =>
      (await pool.query<{ oid: number }>("select to_regclass('deliveries_tried')::oid as oid")).rows[0]?.oid;
    const first = await oid();
    await buildIndexes(client, FILE);
    assert.equal(await oid(), first);
    await pool.query(
      "update pg_index set indisvalid = false where indexrelid = 'deliveries_tried'::regclass",
    );
    await buildIndexes(client, FILE);
    assert.notEqual(await oid(), first);
    assert.equal(await isValid(), true);
  });
});
