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

/** A source that opens with its invariants, and their letters. */
const defined = files
  .filter(file => /^(?:packages|services|proofs)\/.*\/?src\/.*\.ts$/.test(file))
  .flatMap(file =>
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
