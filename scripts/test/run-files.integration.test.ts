import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { filesOf, LONGEST } from '../test-tiers/run-tier.ts';
import { RESULTS_VARIABLE } from '../test-tiers/tier-reporter.ts';

const RUN_FILES = fileURLToPath(new URL('../test-tiers/run-files.ts', import.meta.url));

describe('a tier', () => {
  it('begins with its longest files, each of which there is', () => {
    const first = (['integration', 'container'] as const).flatMap(tier => {
      const own = LONGEST.filter(file => file.endsWith(`.${tier}.test.ts`));
      return filesOf(tier, []).slice(0, own.length);
    });
    assert.deepEqual(first, LONGEST);
  });

  it('runs its files in the order in which they are given, and fails where one of them does', async t => {
    const folder = await mkdtemp(join(tmpdir(), 'ackline-run-files-'));
    t.after(() => rm(folder, { recursive: true }));
    const run = async (texts: Readonly<Record<string, string>>) => {
      for (const [name, text] of Object.entries(texts)) {
        await writeFile(
          join(folder, name),
          `import { it } from 'node:test'; it('works', () => { ${text} });`,
        );
      }
      const files = Object.keys(texts).map(name => join(folder, name));
      const { NODE_TEST_CONTEXT: _child, [RESULTS_VARIABLE]: _results, ...env } = process.env;
      const options = JSON.stringify({ concurrency: 1, timeout: 60_000 });
      return spawnSync(process.execPath, [RUN_FILES, options, ...files], { env, encoding: 'utf8' });
    };
    const good = await run({
      'b.test.mjs': "console.log('second letter')",
      'a.test.mjs': "console.log('first')",
    });
    assert.equal(good.status, 0, good.stderr);
    assert.match(good.stdout, /second letter[^]*first/);
    const bad = await run({ 'c.test.mjs': "throw new Error('broken')", 'a.test.mjs': '' });
    assert.equal(bad.status, 1);
    assert.match(bad.stdout, /FAILED works[^]*broken/);
  });
});
