import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { localLinks, placeOf } from '../verify/check-links.ts';

const targets = (markdown: string): string[] => localLinks(markdown).map(({ target }) => target);

describe('the links of a page', () => {
  it('are found with their line, several in one, with code as text and with a title', () => {
    assert.deepEqual(localLinks('[a](a.md) and [`b`](<b/c.md> "why")\n\n![d](d.png)\n[e]: ../e.md'), [
      { line: 1, target: 'a.md' },
      { line: 1, target: 'b/c.md' },
      { line: 3, target: 'd.png' },
      { line: 4, target: '../e.md' },
    ]);
  });

  it('are not those to other hosts or to the same page, nor what code looks like', () => {
    assert.deepEqual(targets('[a](https://a.test/x.md) [b](mailto:b@b.test) [c](#c) `[d](d.md)`'), []);
    assert.deepEqual(targets('```md\n[a](a.md)\n```\n[b](b.md)'), ['b.md']);
  });

  it('lead from the folder of their page, without the place on the page', () => {
    assert.equal(placeOf('docs/a.md', 'b.md#c'), 'docs/b.md');
    assert.equal(placeOf('docs/decisions/a.md', '../../README.md'), 'README.md');
    assert.equal(placeOf('README.md', 'docs/'), 'docs');
    assert.equal(placeOf('docs/a.md', '/README.md'), 'README.md');
    assert.equal(placeOf('docs/a.md', 'two%20words.md'), 'docs/two words.md');
  });
});
