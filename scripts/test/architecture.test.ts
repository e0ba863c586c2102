import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { listFiles } from '../verify/list-files.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const files = listFiles(root);
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const page = read('ARCHITECTURE.md');

interface Invariants {
  readonly letters: string;
  readonly files: readonly string[];
}

/** The rows "| `folder` | `a.ts` (X), `b.ts` and `c.ts` (Y) |". */
const table: readonly Invariants[] = page
  .split('\n')
  .filter(line => /^\| `[^`]+` \| .*\([A-Z]{1,2}\) \|$/.test(line))
  .flatMap(line => {
    const [, folder = '', cell = ''] = /^\| `([^`]+)` \| (.*) \|$/.exec(line) ?? [];
    return cell.split(/(?<=\([A-Z]{1,2}\)), /).map(entry => ({
      letters: /\(([A-Z]{1,2})\)$/.exec(entry)?.[1] ?? entry,
      files: [...entry.matchAll(/`([^`]+)`/g)].map(([, file = '']) => `${folder}/${file}`),
    }));
  });

const sources = files.filter(file => /^(?:packages|services|proofs)\/.*\/?src\/.*\.ts$/.test(file));

/** Each invariant with its letters, wherever it is defined. */
const invariants = sources.flatMap(file =>
  [...read(file).matchAll(/^ ?(?:\*|\/\/) ([A-Z]{1,2}[0-9]+)\. /gm)].map(([, id = '']) => ({ id, file })),
);
const CONTRACT = /^A[1-6]$/;
const CITATION = /\([A-Z]{1,2}[0-9]+(?:, [A-Z]{1,2}[0-9]+)*\)/g;

const workspaceOf = (file: string): string => file.split('/src/')[0] ?? file;
/** Itself, and the packages that it depends on. */
function reachOf(workspace: string): readonly string[] {
  const { dependencies = {} } = JSON.parse(read(`${workspace}/package.json`)) as {
    dependencies?: Record<string, string>;
  };
  const packages = Object.keys(dependencies).filter(name => name.startsWith('@ackline/'));
  return [workspace, ...packages.map(name => name.replace('@ackline/', 'packages/'))];
}

/** A source that opens with its invariants, and their letters. */
const defined = sources.flatMap(file =>
  [...read(file).matchAll(/^ ?(?:\*|\/\/) ([A-Z]{1,2})1\. /gm)].map(([, letters = '']) => ({
    letters,
    file,
  })),
);

describe('ARCHITECTURE.md', () => {
  it('names no file that is not there', () => {
    const cited = [...page.matchAll(/`([\w./-]+\.(?:ts|mjs|sql))`/g)].map(([, file = '']) => file);
    assert.ok(cited.length > 50);
    assert.deepEqual(
      cited.filter(name => !files.some(file => file === name || file.endsWith(`/${name}`))),
      [],
    );
  });

  it('has the invariants of each file that opens with some, and none of a file that is not there', () => {
    assert.ok(defined.length > 30);
    const listed = table.flatMap(({ letters, files: of }) => of.map(file => `${letters} ${file}`));
    assert.deepEqual(
      defined.map(({ letters, file }) => `${letters} ${file}`).filter(one => !listed.includes(one)),
      [],
    );
    assert.deepEqual(
      table.flatMap(({ files: of }) => of).filter(file => !files.includes(file)),
      [],
    );
  });

  it('defines each invariant once, and what a source cites is defined in its workspace or in a package that this depends on', () => {
    const ids = invariants.map(({ id }) => id);
    assert.deepEqual(
      ids.filter((id, index) => ids.indexOf(id) !== index),
      [],
    );
    const places = new Map(invariants.map(({ id, file }) => [id, workspaceOf(file)]));
    const cited = sources.flatMap(file =>
      [...read(file).matchAll(CITATION)]
        .flatMap(([text]) => text.match(/[A-Z]+[0-9]+/g) ?? [])
        .map(id => ({ id, file })),
    );
    assert.ok(cited.length > 200);
    assert.deepEqual(
      cited.filter(
        ({ id, file }) =>
          !CONTRACT.test(id) && !reachOf(workspaceOf(file)).includes(places.get(id) ?? 'nowhere'),
      ),
      [],
    );
  });

  it('gives the letters of one file’s invariants to no other, nor those of the contract', () => {
    const letters = ['A', ...table.map(row => row.letters)];
    assert.deepEqual(
      letters.filter((one, index) => letters.indexOf(one) !== index),
      [],
    );
    for (const { letters: of, files: where } of table) {
      const first = defined.filter(({ letters: other }) => other === of);
      assert.deepEqual([of, first.length, where.includes(first[0]?.file ?? '')], [of, 1, true]);
    }
  });
});
