import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { it } from 'node:test';
import { AppError } from '@ackline/shared/app-error';
import { checkSchema, migrate } from '@ackline/store/migrate';
import { type TestDatabase, withDatabase } from '@ackline/testkit/database';
import { startTcpProxy } from '@ackline/testkit/tcp-proxy';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool, PoolClient } from 'pg';
import { openPool } from './rows.ts';

const MIGRATIONS = new URL('../src/migrations/', import.meta.url);
/** The first that changes a table which the release before works with, and rewrites nothing. */
const BEFORE = 3;

/** A database at that version, with a reader of its keys that stays. */
async function withReader(
  use: (parts: { pool: Pool; reader: PoolClient; url: TestDatabase['url'] }) => Promise<void>,
): Promise<void> {
  await withDatabase(
    async ({ url }) => {
      const pool = openPool(url);
      try {
        const files = (await readdir(MIGRATIONS)).filter(file => Number.parseInt(file, 10) <= BEFORE);
        for (const file of files.sort()) await pool.query(await readFile(new URL(file, MIGRATIONS), 'utf8'));
        // As a release made it that knew no `works_from`.
        await pool.query('create table schema_migrations (version integer primary key, name text not null)');
        await pool.query('alter table schema_migrations add applied_at timestamptz not null default now()');
        await pool.query("insert into schema_migrations (version, name) values ($1, 'the last')", [BEFORE]);
        const reader = await pool.connect();
        await reader.query('begin');
        await reader.query('select from event_keys');
        await use({ pool, reader, url }).finally(() => reader.release(true));
      } finally {
        await pool.end();
      }
    },
    { migrated: false },
  );
}

async function claimsAKey(pool: Pool): Promise<void> {
  await pool.query("insert into event_keys values ('s', gen_random_uuid()::text, gen_random_uuid())");
}

/** Sessions of migrations; null: whatever they do. */
async function countSessions(pool: Pool, waitEvent: 'Lock' | null): Promise<number> {
  const { rowCount } = await pool.query(
    `select from pg_stat_activity where datname = current_database() and application_name = 'ackline-migrate'
        and ($1::text is null or wait_event_type = $1)`,
    [waitEvent],
  );
  return rowCount ?? 0;
}

it('a migration gives way to a long reader, so that live work goes on, and is applied once that has ended', async () => {
  await withReader(async ({ pool, reader, url }) => {
    const migrated = migrate(url);
    const isWaiting = async () => (await countSessions(pool, 'Lock')) > 0;
    // Behind two tries: each one ends while the reader still reads.
    for (let tries = 0; tries < 2; tries++) {
      await waitFor(isWaiting, { what: 'the migration to wait' });
      await claimsAKey(pool);
      await waitFor(async () => !(await isWaiting()), { what: 'the migration to give way' });
    }
    await reader.query('commit');
    await migrated;
    await checkSchema(pool);
  });
});

it('a migration that never gets its locks ends with a code that says so, and leaves nothing of itself', async () => {
  await withReader(async ({ pool, url }) => {
    await assert.rejects(
      migrate(url, { patienceMs: 1_000 }),
      (error: unknown) => error instanceof AppError && error.code === 'ACKLINE_SCHEMA_LOCKED',
    );
    await claimsAKey(pool);
    const { rows } = await pool.query('select max(version) as version from schema_migrations');
    assert.deepEqual(rows, [{ version: BEFORE }]);
  });
});

it('a migration that is lost in a transaction loses its session, and the next one goes on', async () => {
  await withReader(async ({ pool, reader, url }) => {
    const through = new URL(url);
    await using proxy = await startTcpProxy({ port: Number(through.port) });
    through.port = String(proxy.port);
    const lost = migrate(through.href);
    lost.catch(() => undefined);
    await waitFor(async () => (await countSessions(pool, 'Lock')) === 1, { what: 'the migration to wait' });
    proxy.stall();
    await reader.query('commit');
    await waitFor(async () => (await countSessions(pool, null)) === 0, {
      what: 'the server to end it',
      timeoutMs: 30_000,
    });
    await migrate(url);
    await checkSchema(pool);
    await proxy.cut();
    await assert.rejects(lost);
  });
});

it('a migration whose connection ends says why, and not that it could not be undone', async () => {
  await withReader(async ({ pool, url }) => {
    const ended = assert.rejects(migrate(url), { code: '57P01' });
    await waitFor(async () => (await countSessions(pool, 'Lock')) === 1, { what: 'the migration to wait' });
    await pool.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'ackline-migrate'",
    );
    await ended;
  });
});
