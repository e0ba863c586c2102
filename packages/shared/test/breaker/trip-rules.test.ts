import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { consecutiveFailures } from '../../src/breaker/trip-rules.ts';

describe('consecutiveFailures', () => {
  it('trips on the tenth failure in a row by default, not on the ninth', () => {
    const rule = consecutiveFailures();
    const trips = Array.from({ length: 10 }, () => rule.recordFailure());
    assert.deepEqual(trips, [...Array<boolean>(9).fill(false), true]);
    assert.equal(rule.failures, 10);
    assert.equal(rule.threshold, 10);
  });

  it('starts the count again after one success', () => {
    const rule = consecutiveFailures(2);
    rule.recordFailure();
    rule.recordSuccess();
    assert.equal(rule.recordFailure(), false);
    assert.equal(rule.recordFailure(), true);
  });

  it('forgets all failures on reset', () => {
    const rule = consecutiveFailures(2);
    rule.recordFailure();
    rule.reset();
    assert.equal(rule.failures, 0);
  });

  for (const threshold of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1_000_001]) {
    it(`refuses a threshold of ${threshold} with the interval in the message`, () => {
      assert.throws(() => consecutiveFailures(threshold), {
        name: 'RangeError',
        message: `threshold should be an integer in [1, 1000000], got ${threshold}`,
      });
    });
  }
});
