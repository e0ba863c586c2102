import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createAnsweredWindow } from '../../src/listen/answered-window.ts';

const entry = (n: number) => ({ cursor: String(n), bytes: 10 });

describe('the cursor of what is answered (FW1)', () => {
  it('stands before the first one that is not answered, whatever is answered behind it', () => {
    const window = createAnsweredWindow('0');
    const [first, second, third] = [entry(1), entry(2), entry(3)];
    for (const added of [first, second, third]) window.add(added);
    window.passed('9');
    window.answered(third);
    window.answered(second);
    assert.deepEqual([window.cursor, window.size, window.bytes, window.oldest], ['0', 3, 10, first]);
    window.answered(first);
    assert.deepEqual([window.cursor, window.size, window.bytes, window.oldest], ['9', 0, 0, null]);
  });

  it('moves on where nothing came', () => {
    const window = createAnsweredWindow<{ cursor: string; bytes: number }>(null);
    assert.equal(window.cursor, null);
    window.passed('5');
    assert.equal(window.cursor, '5');
    window.add(entry(7));
    assert.equal(window.cursor, '5');
  });

  it('in whatever order they are answered, it never passes one that is not', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(Array.from({ length: 30 }, (_, n) => n + 1)), answered => {
        const window = createAnsweredWindow('0');
        const entries = Array.from({ length: 30 }, (_, n) => entry(n + 1));
        for (const one of entries) window.add(one);
        const done = new Set<number>();
        for (const n of answered) {
          window.answered(entries[n - 1]!);
          done.add(n);
          let expected = 0;
          while (done.has(expected + 1)) expected += 1;
          assert.equal(window.cursor, String(expected));
        }
      }),
    );
  });
});
