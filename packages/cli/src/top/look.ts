import { checkSchema } from '@ackline/store/migrate';
import { createPool } from '@ackline/store/pool';
import { AppError } from '@ackline/shared/app-error';
import type { Pool } from 'pg';
import type { CliConfig } from '../config.ts';
import { readAcklineConfig } from '../config-file.ts';
import { dataLayout } from '../data-directory/layout.ts';
import { readRunning } from '../data-directory/lock.ts';
import { findDatabaseUrl } from '../database.ts';
import type { Look } from './frame.ts';
import { readService } from './read-services.ts';
import { readStore, type StoreFigures } from './read-store.ts';

/** Asks all parts. What is away is found again by a later look; a look never rejects. */
export interface Looker extends AsyncDisposable {
  look(): Promise<Look>;
}

/** `urls`: of operations ports; without any, that of a running `ackline up`, else the one that this environment names. */
export function createLooker(config: CliConfig, urls: readonly string[]): Looker {
  let pool: Pool | null = null;

  async function readFigures(): Promise<StoreFigures> {
    pool ??= await openPool(config);
    return readStore(pool, await configuredNames(config));
  }

  return {
    async look() {
      const atMs = performance.now();
      const found = urls.length > 0 ? urls : [await findOperationsUrl(config)];
      const [services, store] = await Promise.all([
        Promise.all(found.map(readService)),
        readFigures().catch((error: unknown) => problemOf(error)),
      ]);
      if (typeof store !== 'string') return { atMs, services, store, storeProblem: null };
      return { atMs, services, store: null, storeProblem: store };
    },
    async [Symbol.asyncDispose]() {
      await pool?.end();
    },
  };
}

async function openPool(config: CliConfig): Promise<Pool> {
  const pool = createPool({
    connectionString: await findDatabaseUrl(config),
    applicationName: 'ackline-top',
    max: 1,
    onError: () => undefined, // the next look says it
  });
  try {
    await checkSchema(pool);
    return pool;
  } catch (error) {
    await pool.end();
    throw error;
  }
}

/** A wildcard address is no place to connect to. */
const ANY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

export async function findOperationsUrl(config: CliConfig): Promise<string> {
  const running = await readRunning(dataLayout(config.dataDir));
  if (running !== null) return running.operationsUrl;
  const { opsHost, opsPort } = config;
  const host = ANY_ADDRESS.has(opsHost) ? '127.0.0.1' : opsHost;
  return `http://${host.includes(':') ? `[${host}]` : host}:${opsPort.port}`;
}

/** null: there is no file, or a bad one. */
async function configuredNames({ configFile, mode }: CliConfig): Promise<readonly string[] | null> {
  const config = await readAcklineConfig(configFile, mode).catch(() => null);
  return config?.destinations.map(({ name }) => name) ?? null;
}

/** In a word: the code. */
function problemOf(error: unknown): string {
  if (error instanceof AppError) return error.code;
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'does not answer';
}
