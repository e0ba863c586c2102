// Every static check, each to its end: one that fails does not hide what the next would say.
import { fileURLToPath } from 'node:url';
import { checks } from './verify/checks.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const lines: string[] = [];
let failed = 0;

for (const check of checks) {
  const startedAt = performance.now();
  const problem = check.run(root);
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  if (problem !== null) {
    failed++;
    console.log(`\n== ${check.name} failed\n${problem.trim()}\n`);
  }
  lines.push(`${problem === null ? 'ok    ' : 'FAILED'} ${check.name.padEnd(12)} ${seconds} s`);
}
console.log(lines.join('\n'));
console.log(`${checks.length - failed} checks passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
