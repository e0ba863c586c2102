import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ensureDayPartitions } from '@ackline/store/day-partitions';
import { migrate } from '@ackline/store/migrate';
import { withDatabase } from '@ackline/testkit/database';
import { openPool, storeDeliveries } from './rows.ts';

it('new partitions give way to a long reader, so that storing never queues behind them', async () => {
  await withDatabase(async database => {
    const pool = openPool(database.url);
    const reader = await pool.connect();
    try {
      const { rows } = await pool.query<{ name: string }>(
        "select max(relname) as name from pg_class where relname ~ '^events_[0-9]+$'",
      );
      await pool.query(`drop table ${rows[0]?.name}`);
      await reader.query('begin');
      await reader.query('select count(*) from events');
      await assert.rejects(ensureDayPartitions(pool), { code: '55P03' });
      await migrate(database.url); // a deployment goes on
      assert.equal((await storeDeliveries(pool, [{}])).length, 1);
      await reader.query('commit');
      await ensureDayPartitions(pool);
      const made = await pool.query('select from pg_class where relname = $1', [rows[0]?.name]);
      assert.equal(made.rowCount, 1);
    } finally {
      reader.release();
      await pool.end();
    }
  });
});
