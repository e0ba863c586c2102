import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { AppError } from '@ackline/shared/app-error';

/** Who PostgreSQL runs as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** In this order: an account that exists for the purpose, then the one that every Unix has. */
const CANDIDATES = ['postgres', 'nobody'];
const ROOT_UID = 0;

/**
 * PostgreSQL refuses to run as root. Started by root, it runs as the owner of an existing data directory, else as
 * `postgres` or `nobody`; started by anybody else, as that user (null).
 */
export async function chooseAccount(dataDir: string): Promise<Account | null> {
  if (process.getuid?.() !== ROOT_UID) return null;
  const owner = await stat(dataDir).catch(() => null);
  if (owner !== null && owner.uid !== ROOT_UID) return { uid: owner.uid, gid: owner.gid };
  for (const name of CANDIDATES) {
    const account = await lookUp(name);
    if (account !== null) return account;
  }
  throw new AppError(
    'ACKLINE_DATA_DIRECTORY',
    `PostgreSQL does not run as root, and there is no account ${CANDIDATES.join(' or ')} to run it as: start as another user.`,
  );
}

async function lookUp(name: string): Promise<Account | null> {
  const run = promisify(execFile);
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return null;
  }
}
