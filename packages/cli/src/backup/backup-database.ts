import { access } from 'node:fs/promises';
import { startEmbeddedPostgres } from '@ackline/embedded-postgres/start';
import { migrate } from '@ackline/store/migrate';
import pg from 'pg';
import type { CliConfig } from '../config.ts';
import { dataLayout, prepareDataDirectory } from '../data-directory/layout.ts';
import { lockDataDirectory } from '../data-directory/lock.ts';
import { findDatabaseUrl, findEmbeddedUrl } from '../database.ts';

const CONNECT_LIMIT_MS = 10_000;
/** One COPY of the largest table; far over what a disk needs for it, so only a hung server meets it. */
const COPY_LIMIT_MS = 6 * 60 * 60 * 1000;

export interface BackupDatabaseOptions {
  /** A data directory that does not exist yet is made (for a restore), not refused. */
  readonly create: boolean;
  readonly log: (message: string) => void;
}

/**
 * Runs `work` on DATABASE_URL, or the embedded server of a running `up`. Where neither is there, the embedded server is
 * started on the data directory for as long as the work takes: a restore needs one that no service writes to.
 */
export async function withBackupDatabase<T>(
  config: CliConfig,
  options: BackupDatabaseOptions,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const layout = dataLayout(config.dataDir);
  const isRunning = config.databaseUrl !== null || (await findEmbeddedUrl(config)) !== null;
  const canStart = options.create || (await exists(layout.postgres));
  if (isRunning || !canStart) return withClient(await findDatabaseUrl(config), work);

  await using stack = new AsyncDisposableStack();
  await prepareDataDirectory(layout);
  stack.use(await lockDataDirectory(layout));
  options.log('starting the embedded PostgreSQL for this command');
  const server = await startEmbeddedPostgres({ dataDir: layout.postgres, log: options.log });
  stack.defer(() => server.stop());
  await migrate(server.url);
  return await withClient(server.url, work);
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'ackline-backup',
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    statement_timeout: COPY_LIMIT_MS,
    keepAlive: true,
    options: '-c timezone=UTC -c synchronous_commit=on -c client_min_messages=warning',
  });
  client.on('error', () => undefined); // the query that was running rejects with the same error
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
