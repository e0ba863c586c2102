import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Of a registry that does not exist: a cluster that was not given them can not find them elsewhere. */
export const IMAGE = 'ackline.test/ackline:dev';
/** The same code behind one more migration, as the next release would have it. */
export const NEXT_IMAGE = 'ackline.test/ackline:next';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MIGRATIONS = 'packages/store/src/migrations';
const LIMIT_MS = 1_800_000;

/** Builds this tree's image, and on top of it one that migrates the schema further. */
export function buildImages(): void {
  build(['run', 'image', '--', '--no-start', '--tag', IMAGE], 'npm');
  const newest = Math.max(...readdirSync(join(ROOT, MIGRATIONS)).map(file => Number.parseInt(file, 10)));
  const name = `${String(newest + 1).padStart(4, '0')}-next-release.sql`;
  const folder = mkdtempSync(join(tmpdir(), 'ackline-next-'));
  try {
    writeFileSync(join(folder, name), nextMigration(newest));
    writeFileSync(join(folder, 'Dockerfile'), `FROM ${IMAGE}\nCOPY ${name} /app/${MIGRATIONS}/${name}\n`);
    build(['build', '--quiet', '--tag', NEXT_IMAGE, folder], 'docker');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What a release adds: a column of a table that is worked with, a table, and that the release before works behind it. */
function nextMigration(releaseBefore: number): string {
  return [
    `-- works-from: ${releaseBefore}`,
    'alter table deliveries add column next_release text;',
    'alter table finished_deliveries add column next_release text;',
    'create table next_release (id uuid primary key);',
  ].join('\n');
}

function build(args: readonly string[], program: string): void {
  execFileSync(program, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], timeout: LIMIT_MS });
}
