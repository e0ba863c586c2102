import assert from 'node:assert/strict';
import { test } from 'node:test';
import { histogramLines, histogramOf } from '../../src/bench/histogram.ts';

test('each time is in one bucket, from the first that has some to the last', () => {
  assert.deepEqual(histogramOf(new Float64Array([1, 1.5, 4.9, 10])), [
    { underMs: 2, count: 2 },
    { underMs: 5, count: 1 },
    { underMs: 10, count: 0 },
    { underMs: 20, count: 1 },
  ]);
  assert.deepEqual(histogramOf(new Float64Array([0, 10_000])).at(-1), { underMs: null, count: 1 });
  assert.deepEqual(histogramOf(new Float64Array(0)), []);
});

test('the fullest bucket has the longest bar, and one of a thousand has one too', () => {
  const buckets = [
    { underMs: 5, count: 1_000 },
    { underMs: 10, count: 0 },
    { underMs: 1_000, count: 1 },
    { underMs: null, count: 500 },
  ];
  assert.deepEqual(histogramLines(buckets, String), [
    `< 5 ms    1000  ${'█'.repeat(32)}`,
    '< 10 ms      0',
    '< 1 s        1  █',
    `≥ 10 s     500  ${'█'.repeat(16)}`,
  ]);
});
