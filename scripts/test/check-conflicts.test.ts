import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { conflictMarkers } from '../verify/check-conflicts.ts';

const lines = (text: string): number[] => conflictMarkers(text).map(({ line }) => line);

describe('the markers of a conflict', () => {
  it('are found with their line, with and without the names of both sides, also of a conflict with its base', () => {
    const text = '# A page\n<<<<<<< ours\none\n||||||| base\nnone\n=======\nother\n>>>>>>>\n';
    assert.deepEqual(conflictMarkers(text), [
      { line: 2, marker: '<<<<<<<' },
      { line: 4, marker: '|||||||' },
      { line: 6, marker: '=======' },
      { line: 8, marker: '>>>>>>>' },
    ]);
  });

  it('are found where lines end in CRLF, and where one alone was left', () => {
    assert.deepEqual(lines('one\r\n=======\r\nother\r\n'), [2]);
    assert.deepEqual(lines('one\n>>>>>>> theirs'), [2]);
  });

  it('are not longer or shorter lines, text behind them, or a place within a line', () => {
    assert.deepEqual(
      lines('========\n======\n<<<<<<<<\n======= x\n <<<<<<< ours\na >>>>>>> b\n<<<<<<<ours'),
      [],
    );
  });
});
