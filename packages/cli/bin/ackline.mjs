#!/usr/bin/env node
// Plain JavaScript for any Node from 18 on: hands over to the Node that this project pins when the running one is older.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NEEDED = [24, 21, 0];
const FORWARDED_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const binFolder = dirname(fileURLToPath(import.meta.url));
const mainFile = join(binFolder, '..', 'src', 'main.ts');

if (isAtLeast(process.versions.node, NEEDED)) {
  await import('../src/main.ts');
} else {
  const pinned = findPinnedNode(binFolder);
  if (pinned === null) {
    console.error(
      `error [ACKLINE_NODE_TOO_OLD] Ackline needs Node ${NEEDED.join('.')} or newer, this is ${process.versions.node} – run \`npm install\` with optional dependencies, or install a newer Node`,
    );
    process.exit(1);
  }
  handOver(pinned);
}

function isAtLeast(version, needed) {
  const parts = version.split('.').map(Number);
  for (let index = 0; index < needed.length; index += 1) {
    if (parts[index] !== needed[index]) return parts[index] > needed[index];
  }
  return true;
}

/** The pinned Node in the nearest `node_modules` above. */
function findPinnedNode(start) {
  const packageName = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const program = process.platform === 'win32' ? 'node.exe' : 'node';
  for (let folder = start; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', packageName, 'bin', program);
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) return null;
  }
}

function handOver(node) {
  const child = spawn(node, [mainFile, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of FORWARDED_SIGNALS) process.on(signal, () => child.kill(signal));
  child.on('error', error => {
    console.error(
      `error [ACKLINE_NODE_TOO_OLD] ${node} can not be run: ${error.message} – run \`npm install\` again`,
    );
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    process.exit(code ?? 128 + (constants.signals[signal] ?? 0));
  });
}
