// Plants one violation for each rule that `npm run verify` promises, in a copy of the tree, and expects the checker to
// name it. A checker that looks at nothing is green too: this is how we know that ours look.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checks } from './verify/checks.ts';
import { type Violation, violations } from './planted-violations/violations.ts';

/** The tree as it is in the working directory, with the installed tools, and its own links between workspaces. */
function copyTree(source: string, target: string): void {
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: source,
  });
  for (const path of list.toString().split('\0')) {
    if (path !== '') cpSync(join(source, path), join(target, path), { force: true });
  }
  const modules = join(source, 'node_modules');
  mkdirSync(join(target, 'node_modules', '@ackline'), { recursive: true });
  for (const name of readdirSync(modules)) {
    if (name !== '@ackline') symlinkSync(join(modules, name), join(target, 'node_modules', name));
  }
  for (const name of readdirSync(join(modules, '@ackline'))) {
    symlinkSync(
      readlinkSync(join(modules, '@ackline', name)),
      join(target, 'node_modules', '@ackline', name),
    ); // relative
  }
  execFileSync('git', ['init', '--quiet'], { cwd: target }); // biome and turbo ask git what is ignored
}

/** Returns what undoes it. */
function plant(root: string, files: Violation['files']): () => void {
  const undo: (() => void)[] = [];
  for (const [path, content] of Object.entries(files)) {
    const full = join(root, path);
    let before: string | null = null;
    try {
      before = readFileSync(full, 'utf8');
    } catch {
      mkdirSync(dirname(full), { recursive: true });
    }
    undo.push(() => (before === null ? rmSync(full) : writeFileSync(full, before)));
    if (typeof content === 'string') writeFileSync(full, content);
    else {
      const json = JSON.parse(before ?? '{}');
      content(json);
      writeFileSync(full, `${JSON.stringify(json, null, 2)}\n`);
    }
  }
  return () => undo.forEach(step => step());
}

function runCheck(name: string, root: string): string {
  return checks.find(check => check.name === name)?.run(root) ?? '';
}

const copy = mkdtempSync(join(tmpdir(), 'ackline-planted-'));
let missed = 0;
try {
  copyTree(fileURLToPath(new URL('..', import.meta.url)), copy);
  const unplanted = new Map(checks.map(check => [check.name, check.run(copy) ?? '']));
  for (const { name, check, files, says } of violations) {
    const undo = plant(copy, files);
    const said = runCheck(check, copy);
    undo();
    // Only words that the checker does not say without the violation prove that it saw it.
    const caught = says.test(said) && !says.test(unplanted.get(check) ?? '');
    if (!caught) missed++;
    console.log(`${caught ? 'caught' : 'MISSED'} by ${check.padEnd(10)} ${name}`);
    if (!caught) console.log(said.slice(0, 2_000).replace(/^/gm, '    '));
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(`${violations.length - missed} violations caught, ${missed} missed`);
process.exitCode = missed > 0 ? 1 : 0;
