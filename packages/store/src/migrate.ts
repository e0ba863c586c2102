import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@ackline/shared/app-error';
import pg from 'pg';
import { ensureDayPartitions } from './day-partitions.ts';
import { gaveWay, lockWaitMs, reachedLimit } from './lock-patience.ts';
import { buildIndexes } from './migrate-indexes.ts';
import { SERVER_CANCELS_FIRST_MS, SERVER_KEEPALIVES } from './pool.ts';

const MIGRATIONS_URL = new URL('./migrations/', import.meta.url);
/** Any number that nothing else in the database uses for an advisory lock. */
const MIGRATION_LOCK = 4_207_151_893;
/** A migration may rewrite a table: it has a limit of its own, not the 5 s of working connections. */
const MIGRATION_LIMIT_MS = 10 * 60_000;
const CONNECT_LIMIT_MS = 10_000;
const TURN_ASKED_EVERY_MS = 100;
/**
 * The server's own, since a migration that is stopped or lost keeps its locks until its session ends: in the middle of one it has
 * nothing to wait for, and between two it rests for less than the second.
 */
const IDLE_IN_TRANSACTION_LIMIT_MS = 10_000;
const IDLE_LIMIT_MS = 60_000;
/** So many times as long as a lock was waited for, live work goes on before the next try. */
const REST_FACTOR = 5;

const SESSION_SETTINGS = [
  'timezone=UTC',
  'client_min_messages=warning',
  `idle_session_timeout=${IDLE_LIMIT_MS}`,
  ...SERVER_KEEPALIVES,
];

/**
 * The line in a migration's file that says which code still works behind it: that whose own newest migration is this one, or a later
 * one. So an older release goes on, starts again, and can be rolled back to, on a schema that is newer than itself.
 */
const WORKS_FROM = /^-- works-from: (\d+)$/m;

interface Migration {
  readonly version: number;
  readonly name: string;
}

interface AppliedMigration {
  readonly version: number;
  /** null: nobody said that older code works behind it. */
  readonly worksFrom: number | null;
}

export interface MigrateOptions {
  /** How long each migration is tried for, while others are in its way. */
  readonly patienceMs?: number;
}

/**
 * Brings the schema to this release, forward only, one process at a time (advisory lock), each migration in a
 * transaction of its own, behind its indexes of large tables. A schema that is newer than this code is left as it is where this code works with it, else refused with
 * ACKLINE_SCHEMA_NEWER. No migration waits long for a lock, since all live work would queue behind it: it gives up what it has, and tries again.
 */
export async function migrate(
  connectionString: string,
  { patienceMs = MIGRATION_LIMIT_MS }: MigrateOptions = {},
): Promise<void> {
  const client = new pg.Client({
    connectionString,
    application_name: 'ackline-migrate',
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    query_timeout: MIGRATION_LIMIT_MS + SERVER_CANCELS_FIRST_MS,
    statement_timeout: MIGRATION_LIMIT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_LIMIT_MS,
    options: SESSION_SETTINGS.map(setting => `-c ${setting}`).join(' '),
  });
  client.on('error', () => undefined); // the query that was running rejects with the same error
  await client.connect();
  try {
    await takeTurn(client);
    const rows = await readApplied(client);
    const migrations = await listMigrations();
    refuseNewer(rows, migrations);
    const applied = newestOf(rows);
    for (const migration of migrations) {
      if (migration.version > applied) await applyPatiently(client, migration, patienceMs);
    }
    await ensureDayPartitions(client).catch(unlessBusy);
  } finally {
    await client.end();
  }
}

/** Asked again and again: who waits for the lock in one statement keeps an index of the one that has it from being built. */
async function takeTurn(client: pg.Client): Promise<void> {
  const endsAt = performance.now() + MIGRATION_LIMIT_MS;
  for (;;) {
    const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [
      MIGRATION_LOCK,
    ]);
    if (rows[0]?.taken === true) return;
    if (performance.now() > endsAt)
      throw new AppError('ACKLINE_SCHEMA_LOCKED', 'Another process migrates, and does not come to its end.');
    await delay(TURN_ASKED_EVERY_MS);
  }
}

/** A long reader is in the way of the next days' partitions; the processors try again, and there is a default partition. */
function unlessBusy(error: unknown): void {
  if (!gaveWay(error) && !reachedLimit(error)) throw error;
}

/**
 * Refuses a database that is older than this code (`ackline up` and the chart migrate before services start), and one that is newer,
 * but for what says itself that this code works behind it. `exact`: that one too, for who must know every table.
 */
export async function checkSchema(
  queryable: Pick<pg.Pool, 'query'>,
  { exact = false }: { readonly exact?: boolean } = {},
): Promise<void> {
  const migrations = await listMigrations();
  const applied = await readApplied(queryable);
  refuseNewer(exact ? applied.map(row => ({ ...row, worksFrom: null })) : applied, migrations);
  const newest = newestOf(migrations);
  if (newestOf(applied) < newest) {
    throw new AppError(
      'ACKLINE_SCHEMA_OLDER',
      `The database schema is at version ${newestOf(applied)}, this release needs ${newest}: run \`ackline migrate\` first.`,
    );
  }
}

function refuseNewer(applied: readonly AppliedMigration[], migrations: readonly Migration[]): void {
  const newest = newestOf(migrations);
  const tooNew = applied.find(
    ({ version, worksFrom }) => version > newest && (worksFrom ?? version) > newest,
  );
  if (tooNew === undefined) return;
  throw new AppError(
    'ACKLINE_SCHEMA_NEWER',
    `The database schema is at version ${newestOf(applied)}, this release knows ${newest} and does not work behind ${tooNew.version}: start a release that is as new as the schema.`,
  );
}

function newestOf(migrations: readonly { readonly version: number }[]): number {
  return Math.max(0, ...migrations.map(migration => migration.version));
}

async function readApplied(queryable: Pick<pg.Pool, 'query'>): Promise<readonly AppliedMigration[]> {
  const exists = await queryable.query<{ exists: boolean }>(
    "select to_regclass('schema_migrations') is not null as exists",
  );
  if (exists.rows[0]?.exists !== true) return [];
  // As JSON, since a table that an earlier release made has no such column yet.
  const { rows } = await queryable.query<AppliedMigration>(
    `select version, (to_jsonb(applied) ->> 'works_from')::int as "worksFrom" from schema_migrations applied order by version`,
  );
  return rows;
}

async function listMigrations(): Promise<readonly Migration[]> {
  const files = await readdir(MIGRATIONS_URL);
  return files
    .filter(file => file.endsWith('.sql'))
    .map(name => ({ version: Number.parseInt(name, 10), name }))
    .sort((a, b) => a.version - b.version);
}

async function applyPatiently(client: pg.Client, migration: Migration, patienceMs: number): Promise<void> {
  const endsAt = performance.now() + patienceMs;
  for (let tries = 0; ; tries++) {
    const waitMs = lockWaitMs(tries);
    try {
      return await apply(client, migration, waitMs);
    } catch (error) {
      if (!gaveWay(error)) throw error;
      if (performance.now() + REST_FACTOR * waitMs >= endsAt) throw stillLocked(migration, error);
    }
    await delay(REST_FACTOR * waitMs);
  }
}

function stillLocked({ name }: Migration, cause: unknown): AppError {
  return new AppError(
    'ACKLINE_SCHEMA_LOCKED',
    `${name} did not get its locks: somebody reads or writes a table that it changes without an end (pg_stat_activity, by xact_start, names who).`,
    { cause },
  );
}

async function apply(client: pg.Client, migration: Migration, lockLimitMs: number): Promise<void> {
  const sql = await readFile(new URL(migration.name, MIGRATIONS_URL), 'utf8');
  await buildIndexes(client, sql);
  await client.query('begin');
  try {
    await client.query(`set local lock_timeout = ${lockLimitMs}`);
    await makeRegister(client);
    await client.query(sql);
    await client.query('insert into schema_migrations (version, name, works_from) values ($1, $2, $3)', [
      migration.version,
      migration.name,
      WORKS_FROM.exec(sql)?.[1] ?? null,
    ]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined); // the first error says why
    throw error;
  }
}

async function makeRegister(client: pg.Client): Promise<void> {
  await client.query(
    'create table if not exists schema_migrations (version integer primary key, name text not null, applied_at timestamptz not null default now(), works_from integer)',
  );
  const { rowCount } = await client.query(
    "select from pg_attribute where attrelid = 'schema_migrations'::regclass and attname = 'works_from'",
  );
  // Asked first: a column that is there already must not cost a lock behind whoever reads the table (a backup does, for long).
  if (rowCount === 0) await client.query('alter table schema_migrations add column works_from integer');
}
