import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseProofArguments } from '../proof/proof-command.ts';

describe('the options of a proof', () => {
  it('are numbers above 0, and parts by their names', () => {
    assert.deepEqual(parseProofArguments([]), { seconds: null, rate: null, only: null });
    assert.deepEqual(
      parseProofArguments(['--rate', '10', '--only', 'small', '--seconds', '0.5', '--only', 'bad']),
      {
        seconds: 0.5,
        rate: 10,
        only: ['small', 'bad'],
      },
    );
  });

  it('that are not known, or without a value, are refused in a sentence', () => {
    for (const [words, sentence] of [
      [['--fast'], '--fast: not known, or without its value'],
      [['--only'], '--only: not known, or without its value'],
      [['--rate', '0'], '--rate needs a number above 0, not "0"'],
      [['--seconds', 'ten'], '--seconds needs a number above 0, not "ten"'],
    ] as const) {
      assert.throws(() => parseProofArguments(words), { message: sentence });
    }
  });
});
