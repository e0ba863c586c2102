// Speed and memory next to what a user would pick instead: `npm run bench -- <name>`. Figures: docs/benchmarks/.
import { type BenchCommand, createContext, UsageError } from './bench/bench-command.ts';
import { claimsBench } from './bench/claims.ts';
import { ingressBench } from './bench/ingress.ts';
import { processorBench } from './bench/processor.ts';
import { providersBench } from './bench/providers.ts';
import { startupBench } from './bench/startup.ts';
import { telemetryBench } from './bench/telemetry.ts';
import { prepareDocker, removeTestContainers } from './test-tiers/docker-tier.ts';

const benches: Readonly<Record<string, BenchCommand>> = {
  claims: claimsBench,
  ingress: ingressBench,
  processor: processorBench,
  providers: providersBench,
  startup: startupBench,
  telemetry: telemetryBench,
};
let hasDocker = false;
const names = Object.keys(benches).join(' | ');

const [name = '', ...args] = process.argv.slice(2);
if (name === '--help')
  end(
    `usage: npm run bench -- <${names}> [options]\n\nEach tells its options: npm run bench -- <name> --help`,
    0,
  );
const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
if (bench === undefined) end(`usage: npm run bench -- <${names}> [options]`, 2);
if (args.includes('--help')) end(bench.help, 0);
if (process.platform !== 'linux') end('CPU time and memory are read from /proc: Linux only.', 2);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void removeContainers().finally(() => process.exit(1)));
}

try {
  console.log(await bench.run(args, createContext(needDocker)));
} catch (error) {
  if (!isUsage(error)) throw error;
  end(`${error.message}\n\n${bench.help}`, 2);
}

function needDocker(): void {
  const docker = prepareDocker();
  if (docker.kind === 'unavailable') end(`not run: ${docker.reason}`, 2);
  Object.assign(process.env, docker.env);
  hasDocker = true;
  for (const image of docker.images) console.error(image);
}

async function removeContainers(): Promise<void> {
  if (hasDocker) await removeTestContainers();
}

/** Ours, or what Node says of an option that it was not told of. */
function isUsage(error: unknown): error is Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return error instanceof UsageError || code.startsWith('ERR_PARSE_ARGS_');
}

function end(text: string, code: number): never {
  (code === 0 ? console.log : console.error)(text);
  process.exit(code);
}
