// What `npm start`, `npm test` and its tiers, `npm run verify`, `proof`, `bench`, `image` and `page` run first. Plain JavaScript for any Node from 18 on: it installs
// what is missing, builds the console's page where it is shown, and hands over to the Node that this project pins.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPage } from './page/build-page.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const modules = join(root, 'node_modules');

/** The long runs. Named here too, since `proof.ts` can not be asked before anything is installed; a test compares both lists. */
const proofs = [
  'processor-killed',
  'broker-killed',
  'late-processor',
  'postgres-killed',
  'ingress-terminated',
  'faults',
  'flood',
  'nasty-http',
  'processes',
  'spool-order',
  'spool-torn',
  'interleavings',
  'processors',
  'replay-load',
  'breaker',
  'bulkheads',
  'bots',
  'listen',
  'traces',
  'alerts',
  'console-scale',
];

/** What each command runs, whether it needs the development tools or the console's page, and which words it takes first where it needs one. */
const commands = {
  start: { script: 'packages/cli/src/main.ts', args: ['up'], development: false, page: true },
  test: { script: 'scripts/test-tiers.ts', args: [], development: true, page: true },
  verify: { script: 'scripts/verify.ts', args: [], development: true },
  proof: { script: 'scripts/proof.ts', args: [], development: true, words: proofs },
  bench: { script: 'scripts/bench.ts', args: [], development: true },
  image: { script: 'scripts/image.ts', args: [], development: true },
  page: { script: null, args: [], development: false, page: true },
};

/** A terminal sends Ctrl-C to npm and to us, and npm passes it on: what follows within this time is the same key press. */
const ECHO_MS = 500;

const [name = '', ...rest] = process.argv.slice(2);
const command = commands[name];
if (command === undefined) fail(`usage: node scripts/bootstrap.mjs ${Object.keys(commands).join('|')}`);
// Whoever asks for the list must not wait for an installation.
if (command.words !== undefined && !command.words.includes(rest[0]))
  fail(`usage: npm run ${name} -- <${command.words.join(' | ')}>`, 2);
install(command.development);
const node = findNode();
if (command.page === true) showPage(command.script === null);
if (command.script !== null) handOver(node, [join(root, command.script), ...command.args, ...rest]);

function fail(message, code = 1) {
  console.error(message);
  process.exit(code);
}

/** Without its page the console has its API still, and all else does not need it. */
function showPage(isAllThatIsAsked) {
  const problem = buildPage(root, node);
  if (problem === null) return;
  console.error(`The console's page could not be built: ${problem}`);
  if (isAllThatIsAsked) process.exit(1);
}

// ---------------------------------------------------------------------------------------------- installing

function install(development) {
  const reason = whatIsMissing(development);
  if (reason === null) return;
  console.log(
    `Installing ${development ? 'all' : 'production'} dependencies (${reason}). This happens once.`,
  );
  const startedAt = Date.now();
  const which = development ? '--include=dev' : '--omit=dev';
  // An installed tree is completed rather than replaced: Ackline may be running from it.
  const isCompleted =
    existsSync(modules) && npm(['install', '--no-save', which]) && whatIsMissing(development) === null;
  if (!isCompleted && !npm(['ci', which]))
    fail('npm could not install the dependencies; its reason is above.');
  console.log(`Installed in ${Math.round((Date.now() - startedAt) / 1000)} s.`);
}

/**
 * Null, or why an installation is needed: compares package-lock.json with the record that npm leaves in node_modules,
 * so that what a person installed by hand counts too.
 */
function whatIsMissing(development) {
  const installed = readPackages(join(modules, '.package-lock.json'));
  if (installed === null) return 'nothing is installed yet';
  for (const [path, wanted] of Object.entries(readPackages(join(root, 'package-lock.json')) ?? {})) {
    if (!path.includes('node_modules/') || (wanted.dev && !development)) continue;
    const found = installed[path];
    if (found === undefined ? !mayBeAbsent(wanted, development) : found.version !== wanted.version) {
      return `${path.slice('node_modules/'.length)} is ${found === undefined ? 'missing' : 'another version'}`;
    }
  }
  return pinnedNode() === null && hasPinnedNode() ? 'the pinned Node is missing' : null;
}

/** Optional ones are for other platforms, or did not build; `devOptional` are needed in development, optional otherwise. */
function mayBeAbsent(wanted, development) {
  return wanted.optional === true || wanted.peer === true || (wanted.devOptional === true && !development);
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return null;
  }
}

/** Warnings (this npm runs on an older Node than the tools ask for) say nothing to whoever wants to start Ackline. */
function npm(command) {
  const args = [...command, '--loglevel=error'];
  const options = { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: outsideEnvironment() };
  const { npm_execpath: cli, npm_node_execpath: node } = process.env;
  // The npm that runs us, if one does; else the one on the PATH.
  const hasOwn = cli !== undefined && node !== undefined && cli.endsWith('.js') && existsSync(node);
  const shell = process.platform === 'win32';
  const result = hasOwn
    ? spawnSync(node, [cli, ...args], options)
    : spawnSync('npm', args, { ...options, shell });
  return result.status === 0;
}

/** Without our own node_modules on the PATH: npm must not run from the directory that it replaces. */
function outsideEnvironment() {
  const path = (process.env.PATH ?? '').split(delimiter).filter(entry => !entry.startsWith(modules + sep));
  return { ...process.env, PATH: path.join(delimiter) };
}

// ---------------------------------------------------------------------------------------------- running

function hasPinnedNode() {
  return (
    (process.platform === 'linux' || process.platform === 'win32') && existsSync(join(root, '.node-version'))
  );
}

function pinnedNode() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const program = join(
    modules,
    `node-${platform}-${process.arch}`,
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  );
  return existsSync(program) ? program : null;
}

function findNode() {
  const pinned = pinnedNode();
  if (pinned !== null) return pinned;
  const needed = readFileSync(join(root, '.node-version'), 'utf8').trim();
  if (!isAtLeast(process.versions.node, needed)) {
    fail(
      `Ackline needs Node ${needed} or newer here, and this is ${process.versions.node}: install it from https://nodejs.org.`,
    );
  }
  return process.execPath;
}

function isAtLeast(version, needed) {
  const [have, want] = [version, needed].map(text => text.split('.').map(Number));
  const index = want.findIndex((part, position) => part !== have[position]);
  return index === -1 || have[index] > want[index];
}

function handOver(node, args) {
  // A process group of its own: a terminal's Ctrl-C reaches it through us, and once.
  const child = spawn(node, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: process.platform !== 'win32',
  });
  const lastAt = new Map();
  const forward = signal => {
    const now = Date.now();
    if (now - (lastAt.get(signal) ?? 0) < ECHO_MS) return;
    lastAt.set(signal, now);
    child.kill(signal);
  };
  process.on('SIGINT', () => forward('SIGINT'));
  process.on('SIGTERM', () => forward('SIGTERM'));
  process.on('SIGUSR2', () => forward('SIGUSR2'));
  // A terminal that closes means the end; without a terminal it is a wish to reload. It comes here only where it is sent to this
  // very process: npm ends by a SIGHUP of its own and passes none on, so people are told to send it to `up`.
  process.on('SIGHUP', () => forward(process.stdout.isTTY ? 'SIGTERM' : 'SIGHUP'));
  child.on('error', error => fail(`${node} can not be run: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}
