import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addCounts, boundOf, bucketOf, percentileMs } from '../../src/monitoring/durations.ts';

describe('durations by bucket', () => {
  it('are in the first bucket that has room for them, at most a fifth too high', () => {
    for (const ms of [0.3, 1, 7, 99, 1_234, 60_000]) {
      const bound = boundOf(bucketOf(ms));
      assert.ok(bound >= ms && bound <= ms * 1.2, `${ms}: ${bound}`);
    }
    assert.deepEqual([bucketOf(0), bucketOf(-1), bucketOf(1e12)], [0, 0, 96]);
  });

  it('have percentiles, also added up', () => {
    const counts = addCounts(
      [[bucketOf(1), 90]],
      [
        [bucketOf(100), 9],
        [bucketOf(1_000), 1],
        [bucketOf(1), 0],
      ],
    );
    assert.equal(percentileMs(counts, 0.5), boundOf(bucketOf(1)));
    assert.equal(percentileMs(counts, 0.95), boundOf(bucketOf(100)));
    assert.equal(percentileMs(counts, 1), boundOf(bucketOf(1_000)));
    assert.equal(percentileMs([], 0.5), null);
  });
});
