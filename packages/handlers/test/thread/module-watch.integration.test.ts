import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { waitFor } from '@ackline/testkit/wait-for';
import { watchModule } from '../../src/thread/module-watch.ts';

describe('the watch of a module', () => {
  it('tells once of changes that belong together, in its folder and below, and not of packages', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ackline-watch-'));
    mkdirSync(join(folder, 'parts'));
    mkdirSync(join(folder, 'node_modules'));
    let changes = 0;
    const watch = watchModule(join(folder, 'bot.ts'), () => void (changes += 1), 50);
    try {
      writeFileSync(join(folder, 'node_modules', 'x.js'), '1');
      for (let n = 0; n < 5; n++) writeFileSync(join(folder, 'parts', 'menu.ts'), String(n));
      await waitFor(() => changes > 0);
      assert.equal(changes, 1);
      writeFileSync(join(folder, 'bot.ts'), '1');
      await waitFor(() => changes === 2);
    } finally {
      watch[Symbol.dispose]();
      rmSync(folder, { recursive: true });
    }
  });

  it('is nothing where there is no such folder', () => {
    watchModule('/no/such/folder/bot.ts', assert.fail)[Symbol.dispose]();
  });
});
