import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readSources } from '../../../src/doctor/source/read-sources.ts';

describe('reading sources', () => {
  let root = '';
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'ackline-sources-'));
  });
  after(() => rm(root, { recursive: true, force: true }));

  async function write(path: string, text: string): Promise<string> {
    const whole = join(root, path);
    await mkdir(dirname(whole), { recursive: true });
    await writeFile(whole, text);
    return whole;
  }
  async function read(...paths: readonly string[]) {
    const { modules, leftOut } = await readSources(paths.map(path => join(root, path)));
    const names = modules.map(parsed =>
      (parsed.kind === 'module' ? parsed.module.path : `broken ${parsed.problem.path}`).replace(
        `${root}/`,
        '',
      ),
    );
    return {
      names,
      leftOut: leftOut.map(({ path, reason }) => `${path.replace(`${root}/`, '')}: ${reason}`),
    };
  }

  it('takes all sources of a folder, without packages, tests, types and what was built', async () => {
    const files =
      'bot.ts src/api.mjs src/deep/cache.cts src/view.jsx node_modules/pg/index.js dist/bot.js src/api.test.ts test/a.ts src/types.d.ts .cache/a.js src/a.min.js README.md src/data.json';
    for (const path of files.split(' ')) await write(`tree/${path}`, 'export {};');
    assert.deepEqual(await read('tree'), {
      names: ['tree/bot.ts', 'tree/src/api.mjs', 'tree/src/deep/cache.cts', 'tree/src/view.jsx'],
      leftOut: [],
    });
  });

  it('takes with a file what it imports by a relative path, and nothing else of its folder', async () => {
    await write(
      'handlers/bot.ts',
      "import './api.js';\nexport * from './menu';\nimport 'pg';\nimport './gone.ts';",
    );
    await write('handlers/api.ts', "const { x } = require('../shared/x.cjs');\nawait import('./lazy.mjs');");
    await write('handlers/menu/index.ts', "import './../bot.ts';\nimport data from './data.json';");
    await write('handlers/menu/data.json', '{}');
    await write('handlers/lazy.mjs', 'export {};');
    await write('handlers/other.ts', 'export {};');
    await write('shared/x.cjs', 'exports.x = 1;');
    const { names, leftOut } = await read('handlers/bot.ts');
    assert.deepEqual(names, [
      'handlers/bot.ts',
      'handlers/api.ts',
      'shared/x.cjs',
      'handlers/lazy.mjs',
      'handlers/menu/index.ts',
    ]);
    assert.deepEqual(leftOut, []);
  });

  it('links that lead back end, and a file that several lead to is read once', async () => {
    await write('loop/a.js', 'export {};');
    await symlink('.', join(root, 'loop/self'));
    await mkdir(join(root, 'loop/sub'));
    await symlink('..', join(root, 'loop/sub/up'));
    await symlink('a.js', join(root, 'loop/b.js'));
    await symlink('nowhere.js', join(root, 'loop/c.js'));
    await symlink('d.js', join(root, 'loop/d.js'));
    const { names, leftOut } = await read('loop', 'loop/sub');
    assert.deepEqual(names, ['loop/a.js']);
    assert.deepEqual(leftOut, ['loop/c.js: it is not there', 'loop/d.js: it can not be read (ELOOP)']);
  });

  it('a mounted volume of Kubernetes, whose files are links into a hidden folder, is read by its names', async () => {
    await write('mounted/..2026_11_22/bot.ts', "import './api.ts';");
    await write('mounted/..2026_11_22/api.ts', 'export {};');
    await symlink('..2026_11_22', join(root, 'mounted/..data'));
    for (const name of ['bot.ts', 'api.ts']) await symlink(`..data/${name}`, join(root, 'mounted', name));
    assert.deepEqual((await read('mounted/bot.ts')).names, ['mounted/bot.ts', 'mounted/api.ts']);
  });

  it('leaves out what is too large, no file or not there, in bounded time, and says so', async () => {
    const large = await write('odd/large.js', '');
    await truncate(large, 8 * 1024 ** 3);
    await symlink('/dev/zero', join(root, 'odd/endless.js'));
    await write('odd/fine.js', 'export {};');
    await write('odd/broken.js', 'export {');
    const { names, leftOut } = await read('odd', 'missing.ts');
    assert.deepEqual(names, [`broken ${root}/odd/broken.js`.replace(`${root}/`, ''), 'odd/fine.js']);
    assert.deepEqual(leftOut, [
      'odd/endless.js: it is no regular file',
      'odd/large.js: it is over 1 MiB',
      'missing.ts: it is not there',
    ]);
  });

  it('a folder with too many files or levels is read up to the bound', async () => {
    const folder = join(root, 'many');
    await mkdir(folder);
    await Promise.all(Array.from({ length: 2_050 }, (_, n) => writeFile(join(folder, `f${n}.js`), '')));
    const { names, leftOut } = await read('many');
    assert.deepEqual([names.length, leftOut], [2_000, ['many: there are over 2000 files']]);
    const deep = Array.from({ length: 40 }, () => 'd').join('/');
    await write(`deep/${deep}/a.js`, '');
    const bounded = await read('deep');
    assert.deepEqual([bounded.names, bounded.leftOut.length], [[], 1]);
    assert.match(bounded.leftOut[0] ?? '', /: it lies too deep$/);
  });
});
