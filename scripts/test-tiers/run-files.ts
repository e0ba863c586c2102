// Runs test files in the order in which they are given, as `node --test` does not: `node run-files.ts <RunOptions as JSON> <file>…`.
import { resolve } from 'node:path';
import { run } from 'node:test';
import type { RunOptions } from './run-tier.ts';
import { recordInFile, reportTo, type TestEvent } from './tier-reporter.ts';

const [options = '{}', ...files] = process.argv.slice(2);
const events = run({ ...(JSON.parse(options) as RunOptions), files: files.map(file => resolve(file)) });
events.on('test:fail', () => {
  process.exitCode = 1;
});
for await (const text of reportTo(recordInFile, events as AsyncIterable<TestEvent>))
  process.stdout.write(text);
