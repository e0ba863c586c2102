import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { retryAfterMs } from '../src/retry-after.ts';

const NOW = Date.parse('2026-11-22T10:00:00Z');

describe('Retry-After', () => {
  const cases = [
    [undefined, null],
    ['0', 0],
    ['120', 120_000],
    ['9999999999', 1e12],
    [['30', '60'], 30_000],
    ['Sun, 22 Nov 2026 10:01:00 GMT', 60_000],
    ['Sun, 22 Nov 2026 09:00:00 GMT', 0],
    ['soon', null],
    ['', null],
    ['-5', null],
    ['1.5', null],
    ['12345678901', null],
  ] as const;
  for (const [header, expected] of cases) {
    it(`${JSON.stringify(header)} means ${expected === null ? 'nothing' : `${expected} ms`}`, () => {
      assert.equal(retryAfterMs(header as string | string[] | undefined, NOW), expected);
    });
  }
});
