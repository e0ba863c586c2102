import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printable } from '@ackline/shared/printable';
import { formatTable } from '../../src/output/text-table.ts';

test('columns are as wide as their widest cell, and lines end without spaces', () => {
  assert.equal(formatTable(['A', 'LONG'], [['abc', 'x']]), 'A    LONG\nabc  x');
});

test('a long cell is cut instead of pushing the rest away', () => {
  const [, row = ''] = formatTable(['A', 'B'], [['x'.repeat(200), 'end']]).split('\n');
  assert.ok(row.length < 80);
  assert.match(row, /… {2}end$/);
});

test('nothing is cut of a column that is to be whole', () => {
  const [, row = ''] = formatTable(['A', 'B'], [['x'.repeat(200), 'y'.repeat(200)]], { whole: ['A'] }).split(
    '\n',
  );
  assert.match(row, /^x{200} {2}y{59}…$/);
});

test('escape sequences in stored text do not reach the terminal', () => {
  assert.equal(printable('a\u001b[2Jb\u202e'), 'a·[2Jb·');
});
