// Builds the console's page (packages/console-web) where what it is made of has changed. Plain JavaScript, since `bootstrap.mjs` runs it.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const WEB = 'packages/console-web';
/** What the page is made of: its sources, the client that it calls by, and the versions of all else. A folder is all that is below it. */
const INPUTS = [
  'package-lock.json',
  `${WEB}/package.json`,
  `${WEB}/tsconfig.json`,
  `${WEB}/vite.config.ts`,
  `${WEB}/index.html`,
  `${WEB}/public`,
  `${WEB}/src`,
  'packages/console-client/src',
];
/** In what was built: the hash of what it was built of. */
const MARK = '.inputs';

/** Null, or why there is no page now: the one of before, if there is one, stays. */
export function buildPage(root, node) {
  const web = join(root, WEB);
  if (!existsSync(web)) return null;
  const dist = join(web, 'dist');
  const inputs = hashOf(root);
  if (readMark(dist) === inputs) return null;
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  if (!existsSync(vite)) return 'Vite is not installed';
  console.log("Building the console's page.");
  // Beside the old one, which is replaced at once: a console that starts meanwhile finds one of the two.
  const next = join(web, `dist.${process.pid}`);
  try {
    const built = spawnSync(node, [vite, 'build', '--outDir', next, '--logLevel', 'warn'], {
      cwd: web,
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
    });
    if (built.status !== 0) return `vite: ${built.stdout}${built.stderr}${built.error?.message ?? ''}`.trim();
    writeFileSync(join(next, MARK), inputs);
    rmSync(dist, { recursive: true, force: true });
    renameSync(next, dist);
    return null;
  } finally {
    rmSync(next, { recursive: true, force: true });
  }
}

function hashOf(root) {
  const hash = createHash('sha256');
  for (const path of INPUTS.flatMap(input => filesOf(root, input))) {
    hash
      .update(`${path.replaceAll('\\', '/')}\0`)
      .update(readFileSync(join(root, path)))
      .update('\0');
  }
  return hash.digest('hex');
}

function filesOf(root, path) {
  const stats = statSync(join(root, path), { throwIfNoEntry: false });
  if (stats === undefined) return [];
  if (stats.isFile()) return [path];
  return readdirSync(join(root, path))
    .sort()
    .flatMap(name => filesOf(root, join(path, name)));
}

function readMark(dist) {
  try {
    return readFileSync(join(dist, MARK), 'utf8');
  } catch {
    return null;
  }
}
