import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ensureDayPartitions } from '@ackline/store/day-partitions';
import { migrate } from '@ackline/store/migrate';
import { withDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { openPool, storeDeliveries } from './rows.ts';

/** Its table, which is dropped. */
async function dropLastDay(pool: Pool, table: string): Promise<string> {
  const { rows } = await pool.query<{ name: string }>(
    `select max(relname) as name from pg_class where relname ~ '^${table}_[0-9]+$'`,
  );
  await pool.query(`drop table ${rows[0]!.name}`);
  return rows[0]!.name;
}
async function isThere(pool: Pool, table: string): Promise<boolean> {
  return (await pool.query('select from pg_class where relname = $1', [table])).rowCount === 1;
}
async function constraintsOf(pool: Pool, table: string): Promise<readonly string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `select conname as name from pg_constraint where conrelid = '${table}'::regclass and conname like '%none_of%'`,
  );
  return rows.map(({ name }) => name);
}
/** More than a look through it may take under a lock. */
async function fillDefault(pool: Pool): Promise<void> {
  await pool.query(
    `insert into finished_deliveries (stored_day, id, seq, event_id, source, tenant, route, destination, priority, state, attempts)
     select '2020-01-01', gen_random_uuid(), n, gen_random_uuid(), 's', 't', 'r', repeat('x', 1000), 'normal', 'discarded', '[]'
       from generate_series(1, 9_000) n`,
  );
}

it('new partitions give way to a long reader, so that storing never queues behind them', async () => {
  await withDatabase(async database => {
    const pool = openPool(database.url);
    const reader = await pool.connect();
    try {
      const lastDay = await dropLastDay(pool, 'events');
      await reader.query('begin');
      await reader.query('select count(*) from events');
      await assert.rejects(ensureDayPartitions(pool), { code: '55P03' });
      await migrate(database.url); // a deployment goes on
      assert.equal((await storeDeliveries(pool, [{}])).length, 1);
      await reader.query('commit');
      await ensureDayPartitions(pool);
      assert.equal(await isThere(pool, lastDay), true);
    } finally {
      reader.release();
      await pool.end();
    }
  });
});

it('storing goes on also while a new partition waits for a reader', async () => {
  await withDatabase(async database => {
    const pool = openPool(database.url);
    const [reader, storer] = [await pool.connect(), await pool.connect()];
    try {
      await dropLastDay(pool, 'events');
      await reader.query('begin');
      await reader.query('select count(*) from events');
      const making = ensureDayPartitions(pool, 2_000);
      const isWaiting =
        "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
      await waitFor(async () => (await pool.query(isWaiting)).rowCount === 1, { what: 'the maker to wait' });
      await storer.query("begin; set local lock_timeout = '1ms'");
      await storer.query(`insert into events (seq, id, source, tenant, provider, type, dedup_key, received_at, priority, tier,
                                              routing, key_id, meta, body)
                          values (1, gen_random_uuid(), 's', 't', 'p', 'y', 'd', now(), 'normal', 'inbox', 'routed', 'none', '', '')`);
      await storer.query('commit');
      await reader.query('commit');
      await making;
    } finally {
      reader.release();
      storer.release();
      await pool.end();
    }
  });
});

it('a new partition is attached without a look through a large default partition', async () => {
  await withDatabase(async ({ url }) => {
    const pool = openPool(url, 1);
    try {
      await fillDefault(pool);
      const lastDay = await dropLastDay(pool, 'finished_deliveries');
      const said: string[] = [];
      const client = await pool.connect();
      client.on('notice', ({ message }) => said.push(message ?? ''));
      await client.query('set client_min_messages = debug1');
      client.release();
      await ensureDayPartitions(pool);
      assert.equal(await isThere(pool, lastDay), true);
      assert.equal(said.filter(message => message.includes('is implied by existing constraints')).length, 1);
      assert.deepEqual(await constraintsOf(pool, 'finished_deliveries_default'), []);
    } finally {
      await pool.end();
    }
  });
});

it('what a process that died has left of its work refuses no row of a day that has come', async () => {
  await withDatabase(async ({ url }) => {
    const pool = openPool(url);
    try {
      await fillDefault(pool);
      const lastDay = await dropLastDay(pool, 'finished_deliveries');
      const ahead = `finished_deliveries_none_of_${lastDay.slice(-8)}`;
      for (const [name, check] of [
        ['finished_deliveries_none_of_20260101', "stored_day <> '2026-01-01'"],
        [ahead, `stored_day <> '${lastDay.slice(-8)}'`],
      ]) {
        await pool.query(
          `alter table finished_deliveries_default add constraint ${name} check (${check}) not valid`,
        );
      }
      await ensureDayPartitions(pool);
      assert.deepEqual(await constraintsOf(pool, 'finished_deliveries_default'), []);
      assert.equal(await isThere(pool, lastDay), true);
    } finally {
      await pool.end();
    }
  });
});

it('partitions are made by several at once, each one once', async () => {
  await withDatabase(async ({ url }) => {
    const pool = openPool(url);
    try {
      await fillDefault(pool);
      const days = [await dropLastDay(pool, 'finished_deliveries'), await dropLastDay(pool, 'events')];
      await Promise.all([1, 2, 3].map(() => ensureDayPartitions(pool, 2_000)));
      for (const day of days) assert.equal(await isThere(pool, day), true);
      assert.deepEqual(await constraintsOf(pool, 'finished_deliveries_default'), []);
    } finally {
      await pool.end();
    }
  });
});
