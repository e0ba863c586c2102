import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '@ackline/testkit/free-port';
import { type SpawnedService, spawnService } from '@ackline/testkit/spawn-service';
import { waitFor } from '@ackline/testkit/wait-for';
import { treeOf, usageOf } from '../process-usage.ts';
import type { BenchJson } from './bench-json.ts';

const MAIN = fileURLToPath(new URL('../../../packages/cli/src/main.ts', import.meta.url));
const READY_LIMIT_MS = 120_000;
const MAX_JSON_BYTES = 16 * 1024 * 1024;
export const SOURCES = ['telegram', 'twilio', 'respondio'] as const;
export type SourceName = (typeof SOURCES)[number];
const SERVICES = ['ingress', 'processor'] as const;

/** What `npm start` runs, in a folder of its own: PostgreSQL embedded, no Kafka, no Redis. */
export interface RunningAckline extends AsyncDisposable {
  /** Milliseconds from the first process to a start that says it is ready: in an empty folder, and again in the same one. */
  readonly startMs: { readonly first: number; readonly second: number };
  /** `ackline bench` with new events of the source, each sent a second time too. */
  bench(source: SourceName, plan: BenchPlan): Promise<BenchJson>;
  /** Resident memory of the services now, in bytes. */
  memory(): Readonly<Record<(typeof SERVICES)[number], number>>;
}

export interface BenchPlan {
  readonly requests: number;
  /** Requests a second, and for how long, of the sustained part. */
  readonly rate: number;
  readonly seconds: number;
}

export async function startRunningAckline(receiverUrl: string): Promise<RunningAckline> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'ackline-claims-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'ackline.yaml'), configText(receiverUrl));
  const port = await freePort();
  const env = { PORT: String(port), OPS_PORT: String(await freePort()), CONSOLE_PORT: '0' };
  const first = await timedStart(folder, env);
  await first.up.stop('SIGINT');
  const second = await timedStart(folder, env);
  stack.defer(async () => void (await second.up.stop('SIGINT')));
  const held = stack.move();
  return {
    startMs: { first: first.ms, second: second.ms },
    bench: (source, plan) =>
      runBench(folder, { ...env, PATH: process.env['PATH'] ?? '' }, { source, plan, port }),
    memory: () => memoryOf(second.up.pid),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

async function timedStart(
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<{ up: SpawnedService; ms: number }> {
  const from = performance.now();
  const up = await spawnService(MAIN, { args: ['up'], cwd: folder, env });
  let hasEnded = false;
  void up.exited.then(() => {
    hasEnded = true;
  });
  const isReady = () => hasEnded || up.output().includes('Ctrl-C stops');
  await waitFor(isReady, { timeoutMs: READY_LIMIT_MS, what: 'a start that is ready' });
  if (hasEnded) throw new Error(`ackline up ended:\n${up.output()}`);
  return { up, ms: performance.now() - from };
}

async function runBench(
  folder: string,
  env: Readonly<Record<string, string>>,
  { source, plan, port }: { source: SourceName; plan: BenchPlan; port: number },
): Promise<BenchJson> {
  const { requests, rate, seconds } = plan;
  const amounts = ['--requests', requests, '--rate', rate, '--seconds', seconds].map(String);
  const url = `http://127.0.0.1:${port}`;
  const args = [MAIN, 'bench', url, '--source', source, '--repeats', '--json', ...amounts];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: folder,
    env,
    maxBuffer: MAX_JSON_BYTES,
  });
  return JSON.parse(stdout) as BenchJson;
}

function memoryOf(pid: number): Readonly<Record<(typeof SERVICES)[number], number>> {
  const pids = treeOf(pid);
  const bytesOf = (service: string) => {
    const main = `/services/${service}/src/main.ts`;
    const found = pids.find(member => readFileSync(`/proc/${member}/cmdline`, 'utf8').includes(main));
    if (found === undefined) throw new Error(`no process of the ${service} runs`);
    return usageOf(found).rssBytes;
  };
  return { ingress: bytesOf('ingress'), processor: bytesOf('processor') };
}

function configText(receiverUrl: string): string {
  const sources = SOURCES.map(
    name =>
      `  - { name: ${name}, provider: ${name}, path: /webhook/${name}, secrets: [{ env: ${secretOf(name)} }] }`,
  );
  return [
    'sources:',
    ...sources,
    'routes: [{ name: all, destination: receiver }]',
    `destinations: [{ name: receiver, type: http, url: ${receiverUrl}, ordering: key }]`,
    '',
  ].join('\n');
}

const secretOf = (source: SourceName) => `${source.toUpperCase()}_SECRET`;
