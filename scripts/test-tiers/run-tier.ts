import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RESULTS_VARIABLE, type ResultLine } from './tier-reporter.ts';

/** Of `run` of node:test. */
export interface RunOptions {
  /** Default: a process for each file. */
  readonly isolation?: 'none';
  /** Files at a time. */
  readonly concurrency?: number;
  /** Of a test, in milliseconds. */
  readonly timeout: number;
}

export interface Tier {
  readonly name: 'unit' | 'integration' | 'browser' | 'container' | 'k8s';
  readonly options: RunOptions;
  /** The whole tier: a test that never ends must not hold the machine. */
  readonly limitMs: number;
}

export interface TierResult {
  readonly tier: Tier['name'];
  readonly files: number;
  readonly tests: number;
  readonly passed: number;
  readonly failed: number;
  readonly skips: readonly { readonly name: string; readonly reason: string }[];
  readonly failures: readonly string[];
  readonly seconds: number;
}

const MINUTE_MS = 60_000;

export const tiers: readonly Tier[] = [
  // One process for all files: starting one for each took twenty times as long as the tests.
  { name: 'unit', options: { isolation: 'none', timeout: 30_000 }, limitMs: 3 * MINUTE_MS },
  // One more than a small machine has cores: files also wait, for a disk, for processes that start or for a lease to end. With
  // four the tests that say what is answered in a second are beside too much.
  { name: 'integration', options: { concurrency: 3, timeout: 300_000 }, limitMs: 20 * MINUTE_MS },
  // Two at a time: a page waits for its console as much as it computes.
  { name: 'browser', options: { concurrency: 2, timeout: 120_000 }, limitMs: 10 * MINUTE_MS },
  // Each file brings servers of its own, and waits for them most of its time: two at a time left half of two cores idle.
  { name: 'container', options: { concurrency: 3, timeout: 1_200_000 }, limitMs: 45 * MINUTE_MS },
  // One file at a time, each in a namespace of its own.
  { name: 'k8s', options: { concurrency: 1, timeout: 1_800_000 }, limitMs: 90 * MINUTE_MS },
];

const PATTERNS = [
  'packages/*/test/**/*.test.ts',
  'services/*/test/**/*.test.ts',
  'bench/test/**/*.test.ts',
  'examples/test/**/*.test.ts',
  'proofs/test/**/*.test.ts',
  'scripts/test/**/*.test.ts',
  'charts/*/tests/**/*.test.ts',
];
/** Judges how fast running services answer: nothing else runs beside it. */
const ALONE = 'proofs/test/alerts.integration.test.ts';
/** What takes half a minute and more, begun first: else one of these would run on alone at the end of its tier. */
export const LONGEST: readonly string[] = [
  'services/ingress/test/processes/processes.integration.test.ts',
  'services/processor/test/handling/handlers.integration.test.ts',
  'services/processor/test/replaying/replayer.integration.test.ts',
  'bench/test/processor/processor-bench.integration.test.ts',
  'services/processor/test/delivery/interleavings.integration.test.ts',
  'packages/cli/test/migrating/migrating-page.integration.test.ts',
  'services/processor/test/retaining/retention.integration.test.ts',
  'services/processor/test/transforming/transformer.integration.test.ts',
  'proofs/test/one-box-page.integration.test.ts',
  'proofs/test/bots.integration.test.ts',
  'packages/handlers/test/thread/bad-handlers.integration.test.ts',
  'services/processor/test/storing/lane-storer.integration.test.ts',
  'services/processor/test/reload.integration.test.ts',
  'packages/cli/test/up.integration.test.ts',
  'services/processor/test/app.integration.test.ts',
  'proofs/test/durability.container.test.ts',
  'proofs/test/bots.container.test.ts',
  'services/processor/test/delivery/kafka-destination.container.test.ts',
  'scripts/test/image.container.test.ts',
  'packages/eventlog/test/kafka.container.test.ts',
  'packages/eventlog/test/kafka-consumer.container.test.ts',
];
const RUN_FILES = fileURLToPath(new URL('./run-files.ts', import.meta.url));

/** The test files of a tier whose path contains one of `filters` (all, without filters). */
export function filesOf(tier: Tier['name'], filters: readonly string[]): string[] {
  return globSync(PATTERNS)
    .filter(file => !file.includes('node_modules') && tierOf(file) === tier)
    .filter(file => filters.length === 0 || filters.some(filter => file.includes(filter)))
    .sort((one, other) => rankOf(one) - rankOf(other) || (one < other ? -1 : 1));
}

function rankOf(file: string): number {
  const rank = LONGEST.indexOf(file);
  return rank < 0 ? LONGEST.length : rank;
}

function tierOf(file: string): Tier['name'] {
  if (file.endsWith('.integration.test.ts')) return 'integration';
  if (file.endsWith('.browser.test.ts')) return 'browser';
  if (file.endsWith('.k8s.test.ts')) return 'k8s';
  return file.endsWith('.container.test.ts') ? 'container' : 'unit';
}

/** Runs the files, prints as it goes, and returns the counts. */
export async function runTier(
  tier: Tier,
  files: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<TierResult> {
  const parts = [files.filter(file => file !== ALONE), files.filter(file => file === ALONE)];
  const results: TierResult[] = [];
  for (const part of parts) if (part.length > 0) results.push(await runPart(tier, part, env));
  const sum = (name: 'files' | 'tests' | 'passed' | 'failed' | 'seconds') =>
    results.reduce((total, result) => total + result[name], 0);
  return {
    tier: tier.name,
    files: sum('files'),
    tests: sum('tests'),
    passed: sum('passed'),
    failed: sum('failed'),
    skips: results.flatMap(({ skips }) => skips),
    failures: results.flatMap(({ failures }) => failures),
    seconds: sum('seconds'),
  };
}

async function runPart(tier: Tier, files: readonly string[], env: NodeJS.ProcessEnv): Promise<TierResult> {
  const folder = mkdtempSync(join(tmpdir(), 'ackline-results-'));
  const resultsPath = join(folder, 'results.jsonl');
  const startedAt = performance.now();
  try {
    const problem = await runNode(tier, files, { ...process.env, ...env, [RESULTS_VARIABLE]: resultsPath });
    const seconds = (performance.now() - startedAt) / 1_000;
    return collect({ tier: tier.name, files: files.length, seconds, resultsPath, problem });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Null, or why the run as a whole failed. */
async function runNode(tier: Tier, files: readonly string[], env: NodeJS.ProcessEnv): Promise<string | null> {
  const child = spawn(process.execPath, [RUN_FILES, JSON.stringify(tier.options), ...files], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true, // a group of its own, so that a tier that hangs ends with all its children
  });
  const end = (signal: NodeJS.Signals): void => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, signal);
  };
  const interrupt = (): void => end('SIGTERM');
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    end('SIGKILL');
  }, tier.limitMs);
  const [code, signal] = await once(child, 'exit');
  clearTimeout(timer);
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  if (timedOut) return `the tier did not end within ${tier.limitMs / MINUTE_MS} minutes`;
  return code === 0 ? null : `the run ended with ${signal ?? `exit code ${code}`}`;
}

interface RunOutcome {
  readonly tier: Tier['name'];
  readonly files: number;
  readonly seconds: number;
  readonly resultsPath: string;
  readonly problem: string | null;
}

function collect({ resultsPath, problem, ...rest }: RunOutcome): TierResult {
  const lines = readLines(resultsPath);
  const totals = lines.filter(line => line.kind === 'total').at(-1) ?? { tests: 0, passed: 0, failed: 0 };
  const skips = lines.filter(line => line.kind === 'skip');
  const failures = lines.filter(line => line.kind === 'failure').map(line => line.name);
  let { failed } = totals;
  // Green is what ran and passed: a run that broke off, or that found nothing, is a failure.
  if (failed === 0 && (problem !== null || totals.tests === 0)) {
    failures.push(problem ?? 'no test ran');
    failed = 1;
  }
  return { ...rest, tests: totals.tests, passed: totals.passed, failed, skips, failures };
}

function readLines(path: string): ResultLine[] {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return []; // nothing was reported
  }
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as ResultLine);
}
