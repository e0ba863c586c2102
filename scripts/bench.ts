// Speed and memory next to what a user would pick instead: `npm run bench -- ingress`. Figures: docs/benchmarks/.
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { allPrograms, PARTS, type Part, runIngressBench } from '../bench/src/ingress-bench.ts';
import { report } from '../bench/src/report.ts';
import { prepareDocker, removeTestContainers } from './test-tiers/docker-tier.ts';

const HELP = `usage: npm run bench -- ingress [options]

  --rounds <n>     rounds of each program, in turn (3)
  --seconds <s>    of each round (10)
  --rate <n>       requests a second of the parts with a fixed rate (1000)
  --only <names>   programs, with semicolons between: ${allPrograms.map(({ name }) => name).join('; ')}
  --parts <names>  ${PARTS.join(', ')} (all)
  --help

Peers are installed into ACKLINE_BENCH_CACHE (~/.cache/ackline-bench) by their own packages: npm, PyPI (python3), Go.
Kafka runs in a container: ACKLINE_TEST_DOCKER=start allows to start a Docker Engine. Linux only.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '10' },
    rate: { type: 'string', default: '1000' },
    only: { type: 'string' },
    parts: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help || positionals.join() !== 'ingress') end(HELP, values.help ? 0 : 2);
if (process.platform !== 'linux') end('CPU time and memory are read from /proc: Linux only.', 2);
const only = values.only?.split(/; */) ?? null;
const parts = (values.parts?.split(',') ?? [...PARTS]) as Part[];
const strangers = [
  ...(only ?? []).filter(name => !allPrograms.some(program => program.name === name)),
  ...parts.filter(part => !PARTS.includes(part)),
];
if (strangers.length > 0) end(`not known: ${strangers.join(', ')}\n\n${HELP}`, 2);
const docker = prepareDocker();
if (docker.kind === 'unavailable') end(`not run: ${docker.reason}`, 2);
Object.assign(process.env, docker.env);
for (const image of docker.images) console.error(image);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void removeTestContainers().finally(() => process.exit(1)));
}

const startedAt = new Date();
const run = {
  rounds: positive('rounds', values.rounds),
  seconds: positive('seconds', values.seconds),
  rate: positive('rate', values.rate),
};
const cacheDirectory = process.env['ACKLINE_BENCH_CACHE'] ?? join(homedir(), '.cache', 'ackline-bench');
const figures = await runIngressBench({
  ...run,
  parts,
  only,
  cacheDirectory,
  say: line =>
    console.error(`[${((Date.now() - startedAt.getTime()) / 1_000).toFixed(0).padStart(4)} s] ${line}`),
});
const rawPath = join(cacheDirectory, `ingress-${startedAt.toISOString().slice(0, 19)}.json`);
await mkdir(cacheDirectory, { recursive: true });
await writeFile(rawPath, JSON.stringify(figures, null, 1));
console.error(`every round: ${rawPath}`);
console.log(report({ figures, ...run, startedAt }));

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) end(`--${name} must be a number over 0, not ${text}`, 2);
  return value;
}

function end(text: string, code: number): never {
  (code === 0 ? console.log : console.error)(text);
  process.exit(code);
}
