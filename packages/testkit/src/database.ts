import { randomBytes } from 'node:crypto';
// @boundaries-ignore a peer dependency: the store's own tests use this package
import { migrate } from '@ackline/store/migrate';
import pg from 'pg';
import { useDatabaseServer } from './database-server.ts';
import { waitFor } from './wait-for.ts';

export interface TestDatabase {
  readonly url: string;
  readonly name: string;
  /**
   * Drops the database. Throws, naming them, if connections to it are still open: something was not closed.
   * Call it in `after`, when all that the test opened has been closed.
   */
  close(): Promise<void>;
}

export interface TestDatabaseOptions {
  /** False: a database with nothing in it. Default: all migrations are applied. */
  readonly migrated?: boolean;
}

const TEMPLATE = 'ackline_template';
/** Any number; held while the template is made, so that one of several processes makes it. */
const TEMPLATE_LOCK = 7_316_204_551;
/** A client that was ended a moment ago is still seen by the server. */
const LEAK_GRACE_MS = 3_000;

/** A database of its own, on the run's server. */
export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const server = await useDatabaseServer();
  const name = `test_${process.pid}_${randomBytes(4).toString('hex')}`;
  try {
    await withAdmin(server.url, async admin => {
      const template = options.migrated === false ? 'template0' : await ensureTemplate(admin, server.url);
      await admin.query(`create database ${name} template ${template}`);
    });
  } catch (error) {
    server.release();
    throw error;
  }
  return {
    url: databaseUrl(server.url, name),
    name,
    async close() {
      try {
        await withAdmin(server.url, admin => dropChecked(admin, name));
      } finally {
        server.release();
      }
    },
  };
}

/** Runs `use` with a database of its own, which is dropped, and checked for leaked connections, afterwards. */
export async function withDatabase<T>(
  use: (database: TestDatabase) => Promise<T>,
  options?: TestDatabaseOptions,
): Promise<T> {
  const database = await createTestDatabase(options);
  let result: T;
  try {
    result = await use(database);
  } catch (error) {
    await database.close().catch(() => undefined); // the test's own error says more than what it left open
    throw error;
  }
  await database.close();
  return result;
}

function databaseUrl(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function withAdmin<T>(serverUrl: string, use: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client({ connectionString: serverUrl, application_name: 'ackline-testkit' });
  admin.on('error', () => undefined); // the query in flight rejects with the same error
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.end();
  }
}

/** Migrated under another name and then renamed: a template that exists is complete. */
async function ensureTemplate(admin: pg.Client, serverUrl: string): Promise<string> {
  await admin.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK]);
  try {
    const found = await admin.query('select 1 from pg_database where datname = $1', [TEMPLATE]);
    if (found.rowCount === 0) {
      const unfinished = `${TEMPLATE}_unfinished`;
      await admin.query(`drop database if exists ${unfinished} with (force)`);
      await admin.query(`create database ${unfinished} template template0`);
      await migrate(databaseUrl(serverUrl, unfinished));
      await waitFor(async () => (await connections(admin, unfinished)).length === 0, {
        what: 'the migration to disconnect',
      });
      await admin.query(`alter database ${unfinished} rename to ${TEMPLATE}`);
    }
  } finally {
    await admin.query('select pg_advisory_unlock($1)', [TEMPLATE_LOCK]);
  }
  return TEMPLATE;
}

async function dropChecked(admin: pg.Client, name: string): Promise<void> {
  const open = await waitFor(async () => ((await connections(admin, name)).length === 0 ? [] : null), {
    timeoutMs: LEAK_GRACE_MS,
  }).catch(() => connections(admin, name));
  await admin.query(`drop database ${name} with (force)`);
  if (open.length === 0) return;
  throw new Error(`${open.length} connection(s) to the test's database were not closed:\n${open.join('\n')}`);
}

async function connections(admin: pg.Client, name: string): Promise<string[]> {
  const { rows } = await admin.query<{ line: string }>(
    `select format('pid %s, %s, %s: %s', pid, application_name, state, left(query, 200)) as line
       from pg_stat_activity where datname = $1 and backend_type = 'client backend'`,
    [name],
  );
  return rows.map(row => row.line);
}
