import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { suggest } from '../../src/config/suggest.ts';

describe('suggest', () => {
  for (const [word, meant] of [
    ['secret', 'secrets'],
    ['pubilcUrl', 'publicUrl'],
    ['publicURL', 'publicUrl'],
    ['max-body', 'maxBody'],
  ] as const) {
    it(`finds ${meant} behind ${word}`, () => {
      assert.equal(suggest(word, ['name', 'path', 'secrets', 'publicUrl', 'maxBody']), meant);
    });
  }

  it('finds nothing where nothing is close', () => {
    assert.equal(suggest('where', ['source', 'type', 'tenant']), null);
  });

  it('does not turn a short word into another short word', () => {
    assert.equal(suggest('id', ['env']), null);
    assert.equal(suggest('x', ['y']), null);
  });

  it('takes the closest of several', () => {
    assert.equal(suggest('sourcs', ['sort', 'sources', 'source']), 'sources');
  });

  it('does not work on words without end', () => {
    assert.equal(suggest('a'.repeat(100_000), ['a'.repeat(100_000)]), null);
    assert.equal(suggest('aaaa', ['a'.repeat(100_000)]), null);
  });
});
