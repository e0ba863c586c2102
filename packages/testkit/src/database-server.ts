// One PostgreSQL for all test files of a run.
//
// The tier runner starts it and passes its URL on; a file that is run by hand starts one of its own, which ends when its
// last database was closed.
import { mkdtemp, readdir, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { releaseDataDirectory } from '@ackline/embedded-postgres/postmaster';
import { isRunning } from '@ackline/embedded-postgres/process-table';
import { startEmbeddedPostgres } from '@ackline/embedded-postgres/start';

/** Where the tier runner leaves the shared server's URL. */
export const SERVER_URL_VARIABLE = 'ACKLINE_TEST_POSTGRES_URL';
const FOLDER_PREFIX = 'ackline-test-';
/** A disk of memory, as Linux has one: nothing is lost with a machine that a test needs after it, and each commit waits for its disk. */
const MEMORY_FOLDER = '/dev/shm';
/** A run has 250 MB there; its log may grow to 1 GB. */
const NEEDED_BYTES = 2 * 1024 ** 3;
/** A file that closes one database and opens the next keeps its server. */
const LINGER_MS = 500;

export interface DatabaseServer extends AsyncDisposable {
  readonly url: string;
}

/** Starts a server with nothing in it, in a folder that its disposal removes; in memory where there is much. */
export async function startDatabaseServer(): Promise<DatabaseServer> {
  for (const parent of [tmpdir(), MEMORY_FOLDER]) await sweepAbandoned(parent);
  const parent = (await hasRoom()) ? MEMORY_FOLDER : tmpdir();
  const folder = await mkdtemp(join(parent, `${FOLDER_PREFIX}${process.pid}-`));
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

async function hasRoom(): Promise<boolean> {
  const free = await statfs(MEMORY_FOLDER).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => 0,
  );
  return free >= NEEDED_BYTES && process.availableMemory() >= 2 * NEEDED_BYTES;
}

/** Ends and removes what runs that were killed left behind. */
async function sweepAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent).catch(() => [])) {
    const pid = /^ackline-test-(\d+)-/.exec(name)?.[1];
    if (pid === undefined || (await isRunning(Number(pid)))) continue;
    const folder = join(parent, name);
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
