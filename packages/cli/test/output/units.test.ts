import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes, formatCount, formatMs, plural } from '../../src/output/units.ts';

test('sizes and times are in the unit that reads well', () => {
  assert.deepEqual([0, 1023, 1536, 5 * 1024 ** 3].map(formatBytes), ['0 B', '1023 B', '1.5 KiB', '5.0 GiB']);
  assert.deepEqual([0.84, 12.4, 1_500, 180_000, 14_400_000].map(formatMs), [
    '0.8 ms',
    '12 ms',
    '1.5 s',
    '3 min',
    '4.0 h',
  ]);
});

test('counts have separators, and one is not many', () => {
  assert.equal(formatCount(20_000), '20,000');
  assert.equal(plural(1, 'try', 'tries'), '1 try');
  assert.equal(plural(0, 'route'), '0 routes');
});
