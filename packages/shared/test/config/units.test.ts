import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDuration, parseSize } from '../../src/config/units.ts';

describe('parseDuration', () => {
  for (const [text, ms] of [
    ['250ms', 250],
    ['5s', 5_000],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['30d', 2_592_000_000],
    ['0s', 0],
  ] as const) {
    it(`reads ${text}`, () => assert.equal(parseDuration(text), ms));
  }

  for (const text of [
    '',
    '5',
    '5 s',
    '1.5s',
    '-1s',
    '5S',
    's',
    '1w',
    '1h30m',
    '5s\n',
    '１s',
    '9999999999999s',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseDuration(text), null));
  }
});

describe('parseSize', () => {
  it('reads KiB and MiB by powers of two', () => {
    assert.equal(parseSize('512KiB'), 524_288);
    assert.equal(parseSize('1MiB'), 1_048_576);
  });

  for (const text of ['1MB', '1024', '1 MiB', '1mib', '1.5MiB', '1TiB', '']) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseSize(text), null));
  }
});
