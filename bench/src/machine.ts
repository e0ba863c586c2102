import { readFileSync } from 'node:fs';
import { cpus, release } from 'node:os';

/** When and where a run took place, in one sentence of a report. */
export function machineLine(startedAt: Date): string {
  const processors = cpus();
  const memory =
    Number(/MemTotal:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0) / 1_048_576;
  return `Run on ${startedAt.toISOString().slice(0, 16).replace('T', ' ')} UTC: ${processors.length} × ${processors[0]?.model ?? 'unknown'}, ${memory.toFixed(0)} GiB, Linux ${release()}.`;
}

/** `–` for what there is no value of. */
export function fixed(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '–';
}
