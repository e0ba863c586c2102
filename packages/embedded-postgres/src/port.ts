import { randomInt } from 'node:crypto';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { AppError } from '@ackline/shared/app-error';
import { findProcess } from './process-table.ts';

const LOOPBACK = '127.0.0.1';
/** State of a listening socket in /proc/net/tcp. */
const LISTEN = '0A';
/** A machine with more processes than this is not searched to the end for a name in an error message. */
const MAX_SEARCHED_PROCESSES = 5_000;

/** Below what systems give to outgoing connections (from 32768 on) and Kubernetes to services (from 30000 on). */
const FIRST_PORT = 10_000;
const LAST_PORT = 29_999;
const MAX_TRIES = 50;

/**
 * A port that was free on 127.0.0.1 a moment ago, and that no connection gets by chance until it is used. The caller must cope with
 * another program taking it first.
 */
export async function findFreePort(): Promise<number> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1);
    try {
      return await listenOnce(port);
    } catch {
      // somebody has it
    }
  }
  return listenOnce(0);
}

/** Throws ACKLINE_PORT_IN_USE, naming the holder where that can be known, if the port can't be opened on 127.0.0.1. */
export async function checkPort(port: number): Promise<void> {
  try {
    await listenOnce(port);
  } catch (error) {
    throw await portError(port, error);
  }
}

async function portError(port: number, cause: unknown): Promise<AppError> {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code !== 'EADDRINUSE') {
    return new AppError('ACKLINE_PORT_IN_USE', `Port ${port} of ${LOOPBACK} can not be opened: ${code}.`, {
      cause,
    });
  }
  const holder = await describePortHolder(port);
  const who = holder === null ? 'by another program' : `by ${holder}`;
  return new AppError('ACKLINE_PORT_IN_USE', `Port ${port} of ${LOOPBACK} is held ${who}.`, { cause });
}

/** "process 4711 (node server.js)", or null if it can't be known (not Linux, or a process of another user). */
export async function describePortHolder(port: number): Promise<string | null> {
  if (process.platform !== 'linux') return null;
  const inodes = await listeningInodes(port);
  if (inodes.size === 0) return null;
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name)).slice(0, MAX_SEARCHED_PROCESSES);
  for (const pid of pids) {
    if (!(await holdsSocket(pid, inodes))) continue;
    const holder = await findProcess(Number(pid));
    if (holder !== null) return `process ${pid} (${holder.command.slice(0, 120)})`;
  }
  return null;
}

async function listeningInodes(port: number): Promise<Set<string>> {
  const portHex = port.toString(16).toUpperCase().padStart(4, '0');
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map(name => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')),
  );
  const inodes = new Set<string>();
  for (const line of tables.join('\n').split('\n')) {
    const fields = line.trim().split(/\s+/);
    const [, local, , state] = fields;
    if (state === LISTEN && local?.endsWith(`:${portHex}`)) inodes.add(`socket:[${fields[9]}]`);
  }
  return inodes;
}

async function holdsSocket(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
  for (const descriptor of descriptors) {
    const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
    if (inodes.has(target)) return true;
  }
  return false;
}

function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : port));
    });
  });
}
