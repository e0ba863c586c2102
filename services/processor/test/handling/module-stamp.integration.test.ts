import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { stampModule } from '../../src/handling/module-stamp.ts';

describe('the stamp of a module', () => {
  let folder: string;
  let module: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ackline-stamp-'));
    module = join(folder, 'bot.ts');
    await mkdir(join(folder, 'lib'));
    await mkdir(join(folder, 'node_modules', 'dep'), { recursive: true });
    await writeFile(module, 'export {};\n');
    await writeFile(join(folder, 'lib', 'menu.ts'), 'export {};\n');
  });
  after(() => rm(folder, { recursive: true }));

  /** Whether it is another after this. */
  async function changesBy(change: () => Promise<unknown>): Promise<boolean> {
    const before = await stampModule(module);
    assert.equal(await stampModule(module), before);
    await change();
    return (await stampModule(module)) !== before;
  }
  const write = (...path: readonly string[]) => writeFile(join(folder, ...path), `// ${path.join()}\n`);

  it('is another when the module or a source beside or below it is another, comes or goes', async () => {
    assert.ok(await changesBy(() => write('bot.ts')));
    assert.ok(await changesBy(() => write('lib', 'menu.ts')));
    assert.ok(await changesBy(() => write('texts.json')));
    assert.ok(await changesBy(() => utimes(module, 1, 1)));
    assert.ok(await changesBy(() => rename(join(folder, 'texts.json'), join(folder, 'words.json'))));
    assert.ok(await changesBy(() => rm(join(folder, 'words.json'))));
  });

  it('is the same whatever is installed, hidden, or no source', async () => {
    assert.equal(await changesBy(() => write('node_modules', 'dep', 'index.js')), false);
    assert.equal(await changesBy(() => write('.bot.ts.swp')), false);
    assert.equal(await changesBy(() => write('notes.txt')), false);
  });

  it('is another when the link that it is, as in a ConfigMap’s folder, is another', async () => {
    const mounted = join(folder, 'mounted');
    await mkdir(join(mounted, '..1'), { recursive: true });
    await mkdir(join(mounted, '..2'));
    for (const n of [1, 2]) await writeFile(join(mounted, `..${n}`, 'bot.ts'), `// ${n}\n`);
    await symlink('..1', join(mounted, '..data'));
    await symlink('..data/bot.ts', join(mounted, 'bot.ts'));
    const before = await stampModule(join(mounted, 'bot.ts'));
    await symlink('..2', join(mounted, 'next'));
    await rename(join(mounted, 'next'), join(mounted, '..data'));
    assert.notEqual(await stampModule(join(mounted, 'bot.ts')), before);
  });

  it('of what is not there is one too', async () => {
    assert.equal(typeof (await stampModule(join(folder, 'gone', 'bot.ts'))), 'string');
  });
});
