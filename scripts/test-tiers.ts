// Runs the tests: `node scripts/test-tiers.ts [unit|integration|browser|container|k8s …] [part of a file's path …]`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RUN_VARIABLE } from '../packages/testkit/src/container-settings.ts';
import { CHROMIUM_VARIABLE, findChromium } from '../packages/testkit/src/chromium-program.ts';
import {
  type DatabaseServer,
  SERVER_URL_VARIABLE,
  startDatabaseServer,
} from '../packages/testkit/src/database-server.ts';
import { figureTables } from '../proofs/src/cluster/figures.ts';
import { prepareCluster } from './test-tiers/cluster-tier.ts';
import { prepareDocker, removeTestContainers } from './test-tiers/docker-tier.ts';
import { helmEnv } from './test-tiers/helm.ts';
import { filesOf, runTier, type Tier, type TierResult, tiers } from './test-tiers/run-tier.ts';

interface NotRun {
  readonly tier: Tier['name'];
  readonly files: number;
  readonly notRun: string;
}

const args = process.argv.slice(2);
const chosen = tiers.filter(tier => args.includes(tier.name));
const filters = args.filter(arg => !tiers.some(tier => tier.name === arg));
const results: (TierResult | NotRun)[] = [];
await using resources = new AsyncDisposableStack();
let database: Promise<DatabaseServer> | undefined;
let compileCache: string | undefined;

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
for (const tier of chosen.length > 0 ? chosen : tiers) {
  const files = filesOf(tier.name, filters);
  if (files.length === 0 && filters.length > 0) continue; // the filter means another tier
  console.log(`\n== ${tier.name}: ${files.length} files`);
  results.push(await run(tier, files));
}
process.exitCode = summarise();

async function run(tier: Tier, files: readonly string[]): Promise<TierResult | NotRun> {
  if (files.length === 0) return emptyTier(tier);
  if (tier.name === 'unit') return runTier(tier, files, {});
  if (tier.name === 'browser') return runInBrowser(tier, files);
  if (tier.name === 'container') return runContainers(tier, files);
  if (tier.name === 'k8s') return runInCluster(tier, files);
  return runTier(tier, files, { ...compileCacheEnv(), ...(await databaseEnv()), ...helmEnv(files) });
}

async function runInBrowser(tier: Tier, files: readonly string[]): Promise<TierResult | NotRun> {
  const program = findChromium();
  if (program.kind === 'unavailable') return { tier: tier.name, files: files.length, notRun: program.reason };
  const env = { ...compileCacheEnv(), ...(await databaseEnv()), [CHROMIUM_VARIABLE]: program.path };
  return runTier(tier, files, env);
}

async function runContainers(tier: Tier, files: readonly string[]): Promise<TierResult | NotRun> {
  const docker = prepareDocker();
  if (docker.kind === 'unavailable') return { tier: tier.name, files: files.length, notRun: docker.reason };
  for (const image of docker.images) console.log(`   ${image}`);
  await removeTestContainers();
  try {
    return await runTier(tier, files, {
      ...docker.env,
      ...compileCacheEnv(),
      ...(await databaseEnv()),
      [RUN_VARIABLE]: String(process.pid),
    });
  } finally {
    const left = await removeTestContainers();
    if (left > 0) console.log(`   removed ${left} container(s) that the tests left behind`);
  }
}

/** Only where it was asked for by name: it works on whatever cluster KUBECONFIG names. */
async function runInCluster(tier: Tier, files: readonly string[]): Promise<TierResult | NotRun> {
  const notRun = (reason: string): NotRun => ({ tier: tier.name, files: files.length, notRun: reason });
  if (!chosen.includes(tier)) return notRun('it changes the cluster of KUBECONFIG: npm run test:k8s');
  const cluster = prepareCluster();
  if (cluster.kind === 'unavailable') return notRun(cluster.reason);
  try {
    const result = await runTier(tier, files, cluster.env);
    console.log(`\n${figureTables(cluster.figuresFile)}`);
    return result;
  } finally {
    cluster.close();
  }
}

/** One PostgreSQL for all files: each makes its own database on it. */
async function databaseEnv(): Promise<Record<string, string>> {
  database ??= startDatabaseServer().then(server => resources.use(server));
  return { [SERVER_URL_VARIABLE]: (await database).url };
}

/** Hundreds of processes have the same sources: what Node compiled for one is there for all of this run. */
function compileCacheEnv(): Record<string, string> {
  compileCache ??= resources.adopt(mkdtempSync(join(tmpdir(), 'ackline-compiled-')), folder =>
    rmSync(folder, { recursive: true, force: true }),
  );
  return { NODE_COMPILE_CACHE: compileCache };
}

function emptyTier({ name }: Tier): TierResult {
  const failures = ['the tier has no test file'];
  return { tier: name, files: 0, tests: 0, passed: 0, failed: 1, skips: [], failures, seconds: 0 };
}

/** Prints what happened, and returns the exit code. */
function summarise(): number {
  console.log('');
  for (const result of results) console.log('notRun' in result ? describeNotRun(result) : describe(result));
  const ran = results.filter(result => !('notRun' in result)) as TierResult[];
  const sum = (pick: (result: TierResult) => number): number =>
    ran.reduce((total, result) => total + pick(result), 0);
  if (results.length === 0) console.log(`no test file matches ${filters.join(', ')}`);
  // A tier that was asked for by name, and did not run, is no success.
  const missed = results.length === 0 || (chosen.length > 0 && ran.length < results.length);
  console.log(
    `${sum(r => r.passed)} passed, ${sum(r => r.failed)} failed, ${sum(r => r.skips.length)} skipped`,
  );
  return missed || sum(r => r.failed) > 0 ? 1 : 0;
}

function describeNotRun({ tier, files, notRun }: NotRun): string {
  return `${tier}: NOT RUN (${files} files): ${notRun}`;
}

function describe(result: TierResult): string {
  const { tier, files, tests, passed, failed, skips, failures, seconds } = result;
  const head = `${tier}: ${files} files, ${tests} tests, ${passed} passed, ${failed} failed, ${skips.length} skipped, ${seconds.toFixed(1)} s`;
  const details = [
    ...failures.map(name => `   failed: ${name}`),
    ...skips.map(s => `   skipped: ${s.name}: ${s.reason}`),
  ];
  return [head, ...details].join('\n');
}
