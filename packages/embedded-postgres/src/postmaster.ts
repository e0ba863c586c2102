// Who runs a data directory?
//
// PM1. A server whose starter is alive is never touched: the second start is refused.
// PM2. A server whose starter is gone is stopped cleanly before another is started, so that two never share a directory.
// PM3. postmaster.pid is removed only if the process that it names is not this directory's server. PostgreSQL checks the
//      shared memory besides, so that even a mistake here could not start a second server.
import { readFile, realpath, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@ackline/shared/app-error';
import { findProcess, isRunning, type ProcessInfo } from './process-table.ts';

/** A setting of no meaning to PostgreSQL: it says in the server's command line which process started it. */
export const HOLDER_SETTING = 'ackline.holder';

/** A fast shutdown writes a checkpoint: on a slow disk it takes a while. */
const FAST_SHUTDOWN_LIMIT_MS = 60_000;
/** After it: an immediate one, which the next start recovers from. */
const IMMEDIATE_SHUTDOWN_LIMIT_MS = 10_000;
const POLL_MS = 25;
const LINE = { pid: 0, port: 3, status: 7 };

/** The lines of postmaster.pid that we use. */
export interface PostmasterFile {
  readonly pid: number;
  readonly port: number;
  readonly ready: boolean;
}

/** Null for what is not (yet) a whole file. */
export function parsePostmasterFile(text: string): PostmasterFile | null {
  const lines = text.split('\n');
  const pid = Number(lines[LINE.pid]);
  if (!Number.isInteger(pid) || pid <= 0) return null;
  return { pid, port: Number(lines[LINE.port] ?? 0), ready: lines[LINE.status]?.trim() === 'ready' };
}

export async function readPostmasterFile(dataDir: string): Promise<PostmasterFile | null> {
  const text = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '');
  return parsePostmasterFile(text);
}

/**
 * Makes sure that no server runs on `dataDir`: stops one whose starter is gone (PM2), and throws
 * ACKLINE_DATA_DIRECTORY, naming the holder, for any other (PM1).
 */
export async function releaseDataDirectory(dataDir: string, log: (message: string) => void): Promise<void> {
  const file = await readPostmasterFile(dataDir);
  if (file === null) return;
  const server = await findProcess(file.pid);
  if (server === null) return; // PostgreSQL itself replaces the file of a dead process
  if (!(await isServerOf(server, dataDir))) {
    await removeStaleFile(dataDir, file.pid, log);
    return;
  }
  const holder = holderOf(server.command);
  if (holder === null || server.parentPid === holder) throw heldError(dataDir, server, holder);
  log(`PostgreSQL (process ${server.pid}) outlived process ${holder} that started it; stopping it cleanly`);
  await shutDown(server.pid);
}

/** Ends a server: fast, then immediate. Returns when the process is gone. */
export async function shutDown(pid: number): Promise<void> {
  for (const [signal, limitMs] of shutdownSteps) {
    try {
      process.kill(pid, signal);
    } catch {
      return; // gone already
    }
    if (await endsWithin(pid, limitMs)) return;
  }
  throw new AppError(
    'ACKLINE_DATA_DIRECTORY',
    `PostgreSQL (process ${pid}) does not end. Stop it by hand: kill -QUIT ${pid}`,
  );
}

const shutdownSteps = [
  ['SIGINT', FAST_SHUTDOWN_LIMIT_MS],
  ['SIGQUIT', IMMEDIATE_SHUTDOWN_LIMIT_MS],
] as const;

async function endsWithin(pid: number, limitMs: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < limitMs; waitedMs += POLL_MS) {
    if (!(await isRunning(pid))) return true;
    await delay(POLL_MS);
  }
  return false;
}

/** Pids are used again, in containers within seconds: only the program and its directory tell. */
async function isServerOf(candidate: ProcessInfo, dataDir: string): Promise<boolean> {
  const [program = ''] = candidate.command.split(' ');
  if (!basename(program).startsWith('postgres')) return false;
  const directory = await realpath(dataDir);
  return candidate.cwd === null ? candidate.command.includes(directory) : candidate.cwd === directory;
}

function holderOf(command: string): number | null {
  const match = /ackline\.holder=(\d{1,10})/.exec(command);
  return match === null ? null : Number(match[1]);
}

function heldError(dataDir: string, server: ProcessInfo, holder: number | null): AppError {
  const by = holder === null ? '' : `, started by process ${holder}`;
  return new AppError(
    'ACKLINE_DATA_DIRECTORY',
    `${dataDir} is in use by PostgreSQL (process ${server.pid}${by}). Stop process ${holder ?? server.pid} first, or choose another data directory.`,
  );
}

async function removeStaleFile(dataDir: string, pid: number, log: (message: string) => void): Promise<void> {
  const path = join(dataDir, 'postmaster.pid');
  const aside = `${path}.stale-${process.pid}`;
  await rename(path, aside);
  const moved = parsePostmasterFile(await readFile(aside, 'utf8'));
  if (moved?.pid !== pid) {
    await rename(aside, path); // another start was faster: its file must stay (PM3)
    return;
  }
  await rm(aside);
  log(`removed a stale postmaster.pid: process ${pid} is not this directory's server any more`);
}
