import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { durationText, elapsedText } from '../src/components/duration.ts';

describe('a time span, in words', () => {
  it('is its largest unit alone where it is about how long ago, or until when', () => {
    const spans = [-5, 0, 999, 1_000, 59_999, 95_000, 3_600_000, 90_000_000];
    assert.deepEqual(spans.map(durationText), ['0 s', '0 s', '0 s', '1 s', '59 s', '1 min', '1 h', '1 d']);
  });

  it('has the unit below too where spans are compared, and parts of a second', () => {
    const spans = [-5, 0, 12.4, 999, 3_400, 12_900, 125_000, 120_000, 3_661_000, 90_000_000];
    assert.deepEqual(spans.map(elapsedText), [
      '0 ms',
      '0 ms',
      '12 ms',
      '999 ms',
      '3.4 s',
      '12 s',
      '2 min 5 s',
      '2 min',
      '1 h 1 min',
      '1 d 1 h',
    ]);
  });
});
