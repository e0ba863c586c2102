// One PostgreSQL for all test files of a run.
//
// The tier runner starts it and passes its URL on; a file that is run by hand starts one of its own, which ends when its
// last database was closed.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { releaseDataDirectory } from '@ackline/embedded-postgres/postmaster';
import { isRunning } from '@ackline/embedded-postgres/process-table';
import { startEmbeddedPostgres } from '@ackline/embedded-postgres/start';

/** Where the tier runner leaves the shared server's URL. */
export const SERVER_URL_VARIABLE = 'ACKLINE_TEST_POSTGRES_URL';
const FOLDER_PREFIX = 'ackline-test-';
/** A file that closes one database and opens the next keeps its server. */
const LINGER_MS = 500;

export interface DatabaseServer extends AsyncDisposable {
  readonly url: string;
}

/** Starts a server with nothing in it, in a folder that its disposal removes. */
export async function startDatabaseServer(): Promise<DatabaseServer> {
  await sweepAbandoned();
  const folder = await mkdtemp(join(tmpdir(), `${FOLDER_PREFIX}${process.pid}-`));
  const server = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres'), log: () => undefined });
  const killAtExit = (): void => {
    process.kill(server.pid, 'SIGINT');
  };
  process.once('exit', killAtExit);
  return {
    url: server.url,
    async [Symbol.asyncDispose]() {
      process.off('exit', killAtExit);
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Ends and removes what runs that were killed left behind. */
async function sweepAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = /^ackline-test-(\d+)-/.exec(name)?.[1];
    if (pid === undefined || (await isRunning(Number(pid)))) continue;
    const folder = join(tmpdir(), name);
    try {
      await releaseDataDirectory(join(folder, 'postgres'), () => undefined);
      await rm(folder, { recursive: true, force: true });
    } catch {
      // another user's, or another run sweeps it right now
    }
  }
}

let own: Promise<DatabaseServer> | null = null;
let users = 0;

/** The run's server, in use until the returned release is called. */
export async function useDatabaseServer(): Promise<{ url: string; release: () => void }> {
  const shared = process.env[SERVER_URL_VARIABLE];
  if (shared !== undefined && shared !== '') return { url: shared, release: () => undefined };
  users++;
  own ??= startDatabaseServer();
  const { url } = await own;
  return { url, release };
}

function release(): void {
  users--;
  setTimeout(() => {
    if (users > 0 || own === null) return;
    const ending = own;
    own = null;
    void ending.then(server => server[Symbol.asyncDispose]());
  }, LINGER_MS);
}
