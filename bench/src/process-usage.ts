import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Of a process and all its descendants, as Linux counts it. */
export interface ProcessUsage {
  readonly processes: number;
  /** User and system time of all threads since each started. */
  readonly cpuMs: number;
  /** Resident memory now, of the largest process. */
  readonly rssBytes: number;
  /** The most that was resident at any time since the last `forgetPeak`, of the largest process. */
  readonly peakRssBytes: number;
}

let ticksPerSecond: number | null = null;

/** Throws where the process is gone. */
export function usageOf(pid: number): ProcessUsage {
  const pids = treeOf(pid);
  const each = pids.map(member => ({ cpuMs: cpuMsOf(member), ...memoryOf(member) }));
  return {
    processes: each.length,
    cpuMs: each.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    rssBytes: Math.max(...each.map(({ rssBytes }) => rssBytes)),
    peakRssBytes: Math.max(...each.map(({ peakRssBytes }) => peakRssBytes)),
  };
}

/** The process first, then its children and theirs. */
export function treeOf(pid: number): readonly number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap(thread =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(treeOf)];
}

/** Fields 14 and 15, counted after the name, which may hold spaces and brackets. */
function cpuMsOf(pid: number): number {
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksPerSecond;
}

function memoryOf(pid: number): { rssBytes: number; peakRssBytes: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const bytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN) * 1_024;
  return { rssBytes: bytes('VmRSS'), peakRssBytes: bytes('VmHWM') };
}
