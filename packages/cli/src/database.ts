import { checkSchema } from '@ackline/store/migrate';
import { createPool } from '@ackline/store/pool';
import { AppError } from '@ackline/shared/app-error';
import type { Pool } from 'pg';
import type { CliConfig } from './config.ts';
import { dataLayout } from './data-directory/layout.ts';
import { readRunning } from './data-directory/lock.ts';

/** DATABASE_URL, else the embedded server of a running `ackline up`. Rejects with ACKLINE_NOT_RUNNING. */
export async function findDatabaseUrl(config: CliConfig): Promise<string> {
  if (config.databaseUrl !== null) return config.databaseUrl;
  const url = await findEmbeddedUrl(config);
  if (url !== null) return url;
  throw new AppError(
    'ACKLINE_NOT_RUNNING',
    `Nothing runs on ${config.dataDir}, and DATABASE_URL is not set: there is no database to ask`,
  );
}

/** null: no `up` runs on the data directory. */
export async function findEmbeddedUrl(config: CliConfig): Promise<string | null> {
  return (await readRunning(dataLayout(config.dataDir)))?.databaseUrl ?? null;
}

/** Runs `work` with the database of {@link findDatabaseUrl}; its schema is checked first. */
export async function withDatabase<T>(
  config: CliConfig,
  work: (pool: Pool) => Promise<T>,
  options: { readonly limitMs?: number } = {},
): Promise<T> {
  const pool = createPool({
    connectionString: await findDatabaseUrl(config),
    applicationName: 'ackline-cli',
    max: 1,
    ...options,
    onError: () => undefined, // the query that was running rejects with the same error
  });
  try {
    await checkSchema(pool);
    return await work(pool);
  } finally {
    await pool.end();
  }
}
