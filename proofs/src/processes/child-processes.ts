import { readdir, readFile } from 'node:fs/promises';

/** Process ids of the children of `pid`, by /proc: Linux only. */
export async function childProcesses(pid: number): Promise<readonly number[]> {
  const names = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
  const parents = await Promise.all(names.map(async name => [Number(name), await parentOf(name)] as const));
  return parents.filter(([, parent]) => parent === pid).map(([child]) => child);
}

/** The command's name is in brackets and may hold anything: what follows the last bracket is `state parent …`. */
async function parentOf(pid: string): Promise<number | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null); // it has just ended
  if (stat === null) return null;
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}
