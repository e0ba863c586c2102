import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** One of `npm run bench -- <name>`. */
export interface BenchCommand {
  readonly help: string;
  /** Runs it with the words behind its name and returns its report, as Markdown. Throws UsageError before anything starts. */
  run(args: readonly string[], context: BenchContext): Promise<string>;
}

export interface BenchContext {
  readonly startedAt: Date;
  readonly cacheDirectory: string;
  /** A line of progress. */
  readonly say: (line: string) => void;
  /** Throws UsageError where there is no Docker. */
  readonly needDocker: () => void;
}

/** Thrown with the sentence that the user reads. */
export class UsageError extends Error {}

export function createContext(needDocker: () => void): BenchContext {
  const startedAt = new Date();
  return {
    startedAt,
    cacheDirectory: process.env['ACKLINE_BENCH_CACHE'] ?? join(homedir(), '.cache', 'ackline-bench'),
    needDocker,
    say: line =>
      console.error(`[${((Date.now() - startedAt.getTime()) / 1_000).toFixed(0).padStart(4)} s] ${line}`),
  };
}

/** Keeps every round of a run beside the report's medians. */
export async function keepRounds(name: string, figures: object, context: BenchContext): Promise<void> {
  const { cacheDirectory, startedAt } = context;
  const path = join(cacheDirectory, `${name}-${startedAt.toISOString().slice(0, 19)}.json`);
  await mkdir(cacheDirectory, { recursive: true });
  await writeFile(path, JSON.stringify(figures, null, 1));
  console.error(`every round: ${path}`);
}

export function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0)
    throw new UsageError(`--${name} must be a number over 0, not ${text}`);
  return value;
}

export function chooseLog(text: string): 'kafka' | 'inbox' {
  if (text !== 'kafka' && text !== 'inbox') throw new UsageError(`--log must be kafka or inbox, not ${text}`);
  return text;
}

/** All of them, where none is named. */
export function chooseParts<Part extends string>(
  text: string | undefined,
  parts: readonly Part[],
): readonly Part[] {
  if (text === undefined) return parts;
  const names = text.split(',');
  const strangers = names.filter(name => !parts.some(part => part === name));
  if (strangers.length > 0) throw new UsageError(`not known: ${strangers.join(', ')}`);
  return parts.filter(part => names.includes(part));
}
