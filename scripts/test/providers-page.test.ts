import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { providers } from '@ackline/shared/providers/registry';
import { providerProofs } from '../generate-docs/provider-proofs.ts';
import { providersPage } from '../generate-docs/providers-page.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const page = read('docs/providers.md');

describe('the tables of docs/providers.md', () => {
  it('are what the registry says now', () => {
    assert.ok(page === providersPage(page), 'the tables are stale: run `npm run docs` and commit them');
  });

  it('have each provider twice, with all its cells', () => {
    for (const name of providers.keys()) {
      const rows = page.split('\n').filter(line => line.startsWith(`| [${name}](#${name}) |`));
      assert.deepEqual(
        rows.map(row => row.split(' | ').length),
        [8, 6],
        name,
      );
    }
  });

  it('are put back where they are missing or altered, and leave all else as it is', () => {
    const altered = page.replace('| sends again |', '| sends |').replace(/^\| \[stripe\].*\n/gm, '');
    assert.notEqual(altered, page);
    assert.equal(providersPage(altered), page);
    for (const bad of ['# Providers\n', `${page}${page}`])
      assert.throws(() => providersPage(bad), /has to have one/);
  });
});

describe('README.md', () => {
  it('names each provider that signs the URL', () => {
    const [, named = ''] = /providers that sign it \((.+?)\)/.exec(read('README.md')) ?? [];
    const signing = [...providers.values()].filter(({ signsUrl }) => signsUrl).map(({ name }) => name);
    const names = named
      .toLowerCase()
      .split(/, (?:and )?/)
      .toSorted();
    assert.deepEqual(names, [...signing, 'generic with `{url}`'].toSorted());
  });
});

describe('what each provider was proven with', () => {
  it('is said of all, and of no other', () => {
    assert.deepEqual(Object.keys(providerProofs).toSorted(), [...providers.keys()].toSorted());
  });

  it('names each SDK that the tests depend on', () => {
    const { devDependencies } = JSON.parse(read('packages/shared/package.json')) as {
      devDependencies: Record<string, string>;
    };
    const named = Object.values(providerProofs).join();
    for (const [name, version] of Object.entries(devDependencies)) {
      if (name === 'fast-check') continue;
      assert.ok(named.includes(`{${name}}`), name);
      assert.ok(page.includes(`\`${name}\` ${version}`), name);
    }
  });
});
