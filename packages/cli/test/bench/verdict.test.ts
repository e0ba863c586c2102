import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPercent, verdictOf } from '../../src/bench/verdict.ts';

const all = (averageMs: number) => ({ count: 100, accepted: 100, averageMs });

test('the words of a verdict change at the numbers of those that it replaces', () => {
  for (const [averageMs, words] of [
    [0.2, 'EXCELLENT - Response time < 50ms'],
    [49.99, 'EXCELLENT - Response time < 50ms'],
    [50, 'GOOD - Response time < 100ms'],
    [100, 'ACCEPTABLE - Response time < 500ms'],
    [500, 'SLOW - Response time < 1s'],
    [1_000, 'WARNING - Response time > 1s'],
    [3_000, 'CRITICAL - Response time > 3s'],
    [60_000, 'CRITICAL - Response time > 3s'],
  ] as const) {
    assert.equal(verdictOf(all(averageMs), 100), words, `${averageMs} ms`);
  }
});

test('quick refusals are no excellent response time', () => {
  const refused = { count: 200, accepted: 199, averageMs: 1 };
  assert.equal(verdictOf(refused, 100), 'FAILED - Success rate 99.5% < 100%');
  assert.equal(verdictOf(refused, 99.5), 'EXCELLENT - Response time < 50ms');
  assert.equal(verdictOf({ count: 0, accepted: 0, averageMs: 0 }, 0), 'FAILED - Success rate 0% < 0%');
});

test('a success rate is rounded down: one of a million that fails is not 100%', () => {
  assert.equal(formatPercent({ count: 1_000_000, accepted: 999_999 }), '99.99%');
  assert.equal(formatPercent({ count: 3, accepted: 2 }), '66.66%');
  assert.equal(formatPercent({ count: 7, accepted: 7 }), '100%');
  assert.equal(formatPercent({ count: 0, accepted: 0 }), '0%');
});
