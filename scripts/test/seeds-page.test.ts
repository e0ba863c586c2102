import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { seedProblems, type Tree } from '../generate-docs/seed-problems.ts';
import { systemsBefore, type SeedRow, seedRows, type Shower } from '../generate-docs/seed-rows.ts';
import { seedsPage, statusOf } from '../generate-docs/seeds-page.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

const kept = new Map<string, string | null>();
function read(path: string): string | null {
  const text =
    kept.get(path) ?? (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : null);
  kept.set(path, text);
  return text;
}

const tree: Tree = {
  read,
  scripts: Object.keys((JSON.parse(read('package.json') ?? '{}') as { scripts: object }).scripts),
  commands: globSync('packages/cli/src/commands/*.ts', { cwd: root }).flatMap(path =>
    [...(read(path) ?? '').matchAll(/\.command\('([a-z]+)'\)/g)].map(([, name = '']) => name),
  ),
};

describe('docs/seeds.md', () => {
  it('is what the table says now', () => {
    assert.ok(read('docs/seeds.md') === seedsPage(), 'the page is stale: run `npm run docs` and commit it');
  });

  it('has every row, and names no test or command that is not there', () => {
    assert.ok(tree.scripts.length > 10 && tree.commands.includes('send'));
    assert.deepEqual(seedProblems(seedRows, tree), []);
  });

  it('counts and names what is not there yet', t => {
    const of = (status: string) => seedRows.filter(row => statusOf(row) === status).map(({ id }) => id);
    const [open, partly] = [of('open'), of('partly')];
    t.diagnostic(`open (${open.length}): ${open.join(', ')}`);
    t.diagnostic(`partly (${partly.length}): ${partly.join(', ')}`);
    assert.deepEqual(open, []);
    assert.deepEqual(partly, ['S4.5']);
    const page = seedsPage();
    assert.match(
      page,
      new RegExp(`^60 rows: 59 shown, ${partly.length} partly, ${open.length} open\\.`, 'm'),
    );
    for (const id of [...open, ...partly])
      assert.match(page, new RegExp(`^\\| ${id} \\| (open|partly) \\| .{8,}`, 'm'));
  });

  it('leaves no row without what it was, what it is and its status', () => {
    const lines = seedsPage()
      .split('\n')
      .filter(line =>
        /^\| S\d\.\d+ \|(?:[^|]|\\\|)+\|(?:[^|]|\\\|)+\|(?:[^|]|\\\|)+\| (shown|\*\*(partly|open)\*\*: .{8,}) \|$/.test(
          line,
        ),
      );
    assert.equal(lines.length, seedRows.length);
  });
});

describe('the check of the rows', () => {
  const shown: Shower = {
    file: 'a.test.ts',
    titles: ['is one', "is another one's", 'a name of a row, counted', 'says "so"'],
  };
  const small: Tree = {
    scripts: ['proof', 'test'],
    commands: ['bench'],
    read: path =>
      path === 'a.test.ts'
        ? [
            "  it('is one', () => {});",
            'test("is another one\'s", async t => {});',
            "for (const name of ['a name of a row']) it.each;",
            '    it(`${name}, counted`, () => {});',
            'it(\'says "so"\', () => {});',
            "  // it('is a comment', () => {});",
            "  it.skip('is skipped', () => {});",
            "  const text = 'is only a text';",
          ].join('\n')
        : path === 'scripts/proof.ts'
          ? 'alerts,'
          : null,
  };
  const full = systemsBefore.flatMap(({ prefix, count }) =>
    Array.from(
      { length: count },
      (_, index): SeedRow => ({ id: `${prefix}.${index + 1}`, before: 'x', here: 'y', shownBy: [shown] }),
    ),
  );
  const withFirst = (row: Partial<SeedRow>): readonly SeedRow[] =>
    full.map((one, index) => (index === 0 ? { ...one, ...row } : one));
  const withShower = (shower: Shower) => withFirst({ shownBy: [shower] });
  const naming = (title: string) => withShower({ file: 'a.test.ts', titles: [title] });

  it('finds nothing wrong where all is there', () => {
    assert.deepEqual(seedProblems(full, small), []);
    for (const command of ['npm run test', 'npm run proof -- alerts', 'npx ackline bench <url> --repeats']) {
      assert.deepEqual(seedProblems(withShower({ command, tells: 'it' }), small), [], command);
    }
    assert.deepEqual(seedProblems(withFirst({ shownBy: [], missing: 'all of it' }), small), []);
  });

  for (const [what, rows, said] of [
    ['a row that is missing', full.slice(1), 'S0.1: has no row'],
    ['a row that is there twice', [...full, ...full.slice(0, 1)], 'S0.1: has two rows'],
    ['a row of no system', [...full, { ...full[0]!, id: 'S5.1' }], 'S5.1: is in no list'],
    ['a row beyond the last one', [...full, { ...full[0]!, id: 'S4.12' }], 'S4.12: is in no list'],
    [
      'a row that nothing shows',
      withFirst({ shownBy: [] }),
      'S0.1: nothing shows it, and nothing is said to be missing',
    ],
    [
      'a row that misses nothing in particular',
      withFirst({ shownBy: [], missing: '' }),
      'S0.1: says of nothing that it is missing',
    ],
    [
      'a file that is not there',
      withShower({ file: 'b.test.ts', titles: ['is one'] }),
      'S0.1: there is no file b.test.ts',
    ],
    [
      'a file without a title',
      withShower({ file: 'a.test.ts', titles: [] }),
      'S0.1: names no test of a.test.ts',
    ],
    ['a title that is not there', naming('is two'), 'S0.1: a.test.ts has no test "is two"'],
    ['a title in part', naming('is'), 'S0.1: a.test.ts has no test "is"'],
    ['a title that is a comment', naming('is a comment'), 'S0.1: a.test.ts has no test "is a comment"'],
    ['a test that is skipped', naming('is skipped'), 'S0.1: a.test.ts has no test "is skipped"'],
    ['a text that is no title', naming('is only a text'), 'S0.1: a.test.ts has no test "is only a text"'],
    [
      'a title with a name that the file has not',
      naming('another, counted'),
      'S0.1: a.test.ts has no test "another, counted"',
    ],
    [
      'a command that is not there',
      withShower({ command: 'npx ackline nope', tells: '' }),
      'S0.1: there is no command `npx ackline nope`',
    ],
    [
      'a script that is not there',
      withShower({ command: 'npm run nope', tells: '' }),
      'S0.1: there is no command `npm run nope`',
    ],
    [
      'a part of a script that is not there',
      withShower({ command: 'npm run proof -- nope', tells: '' }),
      'S0.1: there is no command `npm run proof -- nope`',
    ],
    ['another program', withShower({ command: 'curl x', tells: '' }), 'S0.1: there is no command `curl x`'],
  ] as const) {
    it(`finds ${what}`, () => {
      assert.deepEqual(seedProblems(rows, small), [said]);
    });
  }
});
