import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { missingEntries } from '../complete-lockfile.ts';
import { checkAlerts } from './check-alerts.ts';
import { checkConflicts } from './check-conflicts.ts';
import { checkLinks } from './check-links.ts';
import { compareVersions } from './compare-versions.ts';

/** Null when all is well, else what a person must read. */
export interface Check {
  readonly name: string;
  run(root: string): string | null;
}

const LIMIT_MS = 300_000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
/** What runs in Node, what runs in a browser, and the tests of that. */
const TYPED = [
  'tsconfig.json',
  'packages/console-web/tsconfig.json',
  'packages/console-web/test/tsconfig.json',
];

/** Every checker, in the order of `npm run verify`. scripts/planted-violations.ts shows that each one catches something. */
export const checks: readonly Check[] = [
  {
    name: 'types',
    run: root =>
      TYPED.map(path => runTool(root, 'tsc', ['-p', path, '--noEmit'])).find(said => said !== null) ?? null,
  },
  tool('lint', 'oxlint', ['--type-aware', '--deny-warnings']),
  tool('format', 'biome', ['format', '--max-diagnostics=20']),
  tool('dead-code', 'knip', ['--no-progress']),
  tool('boundaries', 'turbo', ['boundaries']),
  { name: 'versions', run: compareVersions },
  { name: 'lockfile', run: checkLockfile },
  { name: 'links', run: checkLinks },
  { name: 'conflicts', run: checkConflicts },
  { name: 'alerts', run: checkAlerts },
];

/** `npm ci` refuses a file that lacks another platform's packages: on this machine, or on the next one. */
function checkLockfile(root: string): string | null {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const missing = missingEntries(packages).map(([path]) => path);
  return missing.length === 0
    ? null
    : `Run \`npm run lockfile\`. package-lock.json lacks ${missing.join(', ')}`;
}

function tool(name: string, program: string, args: readonly string[]): Check {
  return { name, run: root => runTool(root, program, args) };
}

function runTool(root: string, program: string, args: readonly string[]): string | null {
  const result = spawnSync(join(root, 'node_modules', '.bin', program), args, {
    cwd: root,
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    timeout: LIMIT_MS,
    maxBuffer: MAX_OUTPUT_BYTES,
    shell: process.platform === 'win32',
  });
  if (result.status === 0) return null;
  const ending =
    result.error?.message ?? `${program} ended with ${result.signal ?? `exit code ${result.status}`}`;
  return `${result.stdout}${result.stderr}\n${ending}`;
}
