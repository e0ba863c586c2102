import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { AppError } from '@ackline/shared/app-error';
import { ensureDayPartitions, PARTITION_DAYS_AHEAD } from '@ackline/store/day-partitions';
import { checkSchema, migrate } from '@ackline/store/migrate';
import { type TestDatabase, withDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { openPool } from './rows.ts';

const code = (expected: string) => (error: unknown) => error instanceof AppError && error.code === expected;

/** Every migration from here on has its line `works-from`. */
const FIRST_THAT_SAYS = 10;
/** 0010: older code would send untransformed what is to go out transformed. Each more costs a release its rollback. */
const LOCKS_OLDER_OUT = new Set([10]);

async function withPool(
  use: (pool: Pool, database: TestDatabase) => Promise<void>,
  migrated: boolean,
): Promise<void> {
  await withDatabase(
    async database => {
      const pool = openPool(database.url);
      try {
        await use(pool, database);
      } finally {
        await pool.end();
      }
    },
    { migrated },
  );
}

async function versions(pool: Pool): Promise<number[]> {
  const { rows } = await pool.query<{ version: number }>(
    'select version from schema_migrations order by version',
  );
  return rows.map(row => row.version);
}

async function versionsOfFiles(): Promise<number[]> {
  const files = await readdir(new URL('../src/migrations/', import.meta.url));
  const numbers = files.filter(file => file.endsWith('.sql')).map(file => Number.parseInt(file, 10));
  assert.ok(numbers.length > 0);
  return numbers.sort((a, b) => a - b);
}

describe('migrations', () => {
  it('run a second time change nothing', async () => {
    await withPool(async (pool, { url }) => {
      await migrate(url);
      const before = await versions(pool);
      await migrate(url);
      assert.ok(before.length > 0);
      assert.deepEqual(await versions(pool), before);
      await checkSchema(pool);
    }, false);
  });

  it('run by two processes at once apply each one once', async () => {
    await withPool(async (pool, { url }) => {
      await Promise.all([migrate(url), migrate(url)]);
      assert.deepEqual(await versions(pool), await versionsOfFiles());
      await checkSchema(pool);
    }, false);
  });

  it('refuse a schema that is newer than this release, and leave it as it is', async () => {
    await withPool(async (pool, { url }) => {
      await pool.query("insert into schema_migrations (version, name) values (9999, '9999-future.sql')");
      const before = await versions(pool);
      await assert.rejects(migrate(url), code('ACKLINE_SCHEMA_NEWER'));
      await assert.rejects(checkSchema(pool), code('ACKLINE_SCHEMA_NEWER'));
      assert.deepEqual(await versions(pool), before);
    }, true);
  });

  it('that are newer are no hindrance where they say that this release works behind them: rolled back, it starts', async () => {
    await withPool(async (pool, { url }) => {
      const newest = (await versionsOfFiles()).at(-1)!;
      await pool.query(
        "insert into schema_migrations (version, name, works_from) values ($1 + 1, 'next.sql', $1), ($1 + 2, 'after.sql', $1)",
        [newest],
      );
      const before = await versions(pool);
      await migrate(url);
      await checkSchema(pool);
      assert.deepEqual(await versions(pool), before);
      await assert.rejects(checkSchema(pool, { exact: true }), code('ACKLINE_SCHEMA_NEWER'));
    }, true);
  });

  it('that are newer are refused where one of them needs newer code, whatever the last one says', async () => {
    await withPool(async (pool, { url }) => {
      const newest = (await versionsOfFiles()).at(-1)!;
      await pool.query(
        "insert into schema_migrations (version, name, works_from) values ($1 + 1, 'next.sql', $1 + 1), ($1 + 2, 'after.sql', $1)",
        [newest],
      );
      await assert.rejects(checkSchema(pool), code('ACKLINE_SCHEMA_NEWER'));
      await assert.rejects(migrate(url), code('ACKLINE_SCHEMA_NEWER'));
    }, true);
  });

  it('say in their file which release works behind them, and the database keeps it', async () => {
    await withPool(async (pool, { url }) => {
      await migrate(url);
      const { rows } = await pool.query<{ version: number; works_from: number | null }>(
        'select version, works_from from schema_migrations where version >= $1 order by version',
        [FIRST_THAT_SAYS],
      );
      assert.ok(rows.length > 0);
      for (const { version, works_from: from } of rows)
        assert.ok(
          from !== null && (from < version || LOCKS_OLDER_OUT.has(version)),
          `${version} says ${from}: no release but its own works behind it`,
        );
    }, false);
  });

  it('are missed by a service that finds none, or an older schema', async () => {
    await withPool(pool => assert.rejects(checkSchema(pool), code('ACKLINE_SCHEMA_OLDER')), false);
    await withPool(async pool => {
      await pool.query(
        'delete from schema_migrations where version = (select max(version) from schema_migrations)',
      );
      await assert.rejects(checkSchema(pool), code('ACKLINE_SCHEMA_OLDER'));
    }, true);
  });

  it('that fail leave nothing of themselves', async () => {
    await withPool(async (pool, { url }) => {
      await pool.query('create table deliveries ()'); // the migration's own comes after several other tables
      await assert.rejects(migrate(url), /already exists/);
      const { rows } = await pool.query<{ tablename: string }>(
        "select tablename from pg_tables where schemaname = 'public'",
      );
      assert.deepEqual(rows, [{ tablename: 'deliveries' }]);
    }, false);
  });
});

describe('day partitions', () => {
  const partitionOf = async (pool: Pool, table: string, daysAhead: number): Promise<string | null> => {
    const { rows } = await pool.query<{ name: string | null }>(
      `select to_regclass('${table}_' || to_char((now() at time zone 'utc')::date + $1::int, 'YYYYMMDD'))::text as name`,
      [daysAhead],
    );
    return rows[0]!.name;
  };

  it('exist for today and seven days ahead, and no further', async () => {
    await withPool(async pool => {
      for (const table of ['events', 'finished_deliveries']) {
        assert.notEqual(await partitionOf(pool, table, 0), null);
        assert.notEqual(await partitionOf(pool, table, PARTITION_DAYS_AHEAD), null);
        assert.equal(await partitionOf(pool, table, PARTITION_DAYS_AHEAD + 1), null);
      }
    }, true);
  });

  it('take the rows of their day; a day that has none goes to the default partition', async () => {
    await withPool(async pool => {
      const insert = `insert into events (stored_day, seq, id, source, tenant, provider, type, dedup_key, received_at,
                                          priority, tier, routing, key_id, meta, body)
                      values ((now() at time zone 'utc')::date + $1::int, nextval('event_seq'), gen_random_uuid(), 's', 't', 'p',
                              'y', 'd', now(), 'normal', 'inbox', 'routed', 'none', '', '')
                      returning tableoid::regclass::text as partition`;
      const today = await pool.query<{ partition: string }>(insert, [0]);
      assert.equal(today.rows[0]!.partition, await partitionOf(pool, 'events', 0));
      const far = await pool.query<{ partition: string }>(insert, [400]);
      assert.equal(far.rows[0]!.partition, 'events_default');
    }, true);
  });

  it('of a day with rows in the default partition are not made: the rest of the days are', async () => {
    await withPool(async (pool, { url }) => {
      const today = (await partitionOf(pool, 'events', 0))!;
      const tomorrow = (await partitionOf(pool, 'events', 1))!;
      await pool.query(`drop table ${today}, ${tomorrow}`);
      await pool.query(`insert into events (seq, id, source, tenant, provider, type, dedup_key, received_at, priority, tier,
                                            routing, key_id, meta, body)
                        values (1, gen_random_uuid(), 's', 't', 'p', 'y', 'd', now(), 'normal', 'inbox', 'routed', 'none', '', '')`);
      await ensureDayPartitions(pool);
      assert.equal(await partitionOf(pool, 'events', 0), null);
      assert.equal(await partitionOf(pool, 'events', 1), tomorrow);
      await migrate(url);
    }, true);
  });
});
