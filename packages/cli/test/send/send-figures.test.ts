import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTally, percentile } from '../../src/send/send-figures.ts';

test('average, slowest and outcomes are of all requests, accepted or not', () => {
  const tally = createTally(4);
  tally.add(200, 10);
  tally.add(503, 1);
  tally.add('ETIMEDOUT', 100);
  const { count, accepted, averageMs, maxMs, byOutcome, sortedMs } = tally.figures();
  assert.deepEqual([count, accepted, averageMs, maxMs], [3, 1, 37, 100]);
  assert.deepEqual(
    [...byOutcome],
    [
      [200, 1],
      [503, 1],
      ['ETIMEDOUT', 1],
    ],
  );
  assert.deepEqual([...sortedMs], [1, 10, 100]);
});

test('figures of nothing are zero', () => {
  const { count, averageMs, maxMs, sortedMs } = createTally(0).figures();
  assert.deepEqual([count, averageMs, maxMs, percentile(sortedMs, 0.99)], [0, 0, 0, 0]);
});

test('percentiles are those of the nearest rank', () => {
  const hundred = Float64Array.from({ length: 100 }, (_, index) => index + 1);
  assert.deepEqual(
    [0.5, 0.95, 0.99, 1].map(share => percentile(hundred, share)),
    [50, 95, 99, 100],
  );
  assert.equal(percentile(new Float64Array([3]), 0.99), 3);
});
