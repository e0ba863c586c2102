import { execFile } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

/** What the operating system says about a running process. `cwd` is null where it can not be known. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parentPid: number;
  readonly command: string;
  readonly cwd: string | null;
}

/** `ps` answers in milliseconds; a machine where it hangs must not hang us. */
const PS_LIMIT_MS = 5_000;

/** The process, or null if it is gone. A zombie is gone: it holds no file and no port. */
export async function findProcess(pid: number): Promise<ProcessInfo | null> {
  if (!signalReaches(pid)) return null;
  return process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
}

/** True while the process runs. */
export async function isRunning(pid: number): Promise<boolean> {
  return (await findProcess(pid)) !== null;
}

function signalReaches(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // it is there, but belongs to somebody else
  }
}

async function fromProc(pid: number): Promise<ProcessInfo | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // "pid (name) state ppid …": the name may hold spaces and brackets, so read from the last one on.
    const [state, parentPid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return null;
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => null);
    return { pid, parentPid: Number(parentPid), command: commandLine.split('\0').join(' ').trim(), cwd };
  } catch {
    return null; // it ended while we looked
  }
}

async function fromPs(pid: number): Promise<ProcessInfo | null> {
  try {
    const options = { timeout: PS_LIMIT_MS };
    const { stdout } = await promisify(execFile)(
      'ps',
      ['-o', 'ppid=,stat=,command=', '-p', String(pid)],
      options,
    );
    const match = /^\s*(\d+)\s+(\S+)\s+(.*)$/m.exec(stdout);
    if (match === null || match[2]?.startsWith('Z') === true) return null;
    return { pid, parentPid: Number(match[1]), command: match[3] ?? '', cwd: null };
  } catch {
    return null;
  }
}
