import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { integerIn } from '../src/integer-in.ts';

describe('integerIn', () => {
  it('gives back both ends of the interval', () => {
    assert.equal(integerIn('n', 1, [1, 3]), 1);
    assert.equal(integerIn('n', 3, [1, 3]), 3);
  });

  for (const value of [0, 4, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    it(`refuses ${value}, naming the option and the interval`, () => {
      assert.throws(() => integerIn('n', value, [1, 3]), {
        name: 'RangeError',
        message: `n should be an integer in [1, 3], got ${value}`,
      });
    });
  }
});
