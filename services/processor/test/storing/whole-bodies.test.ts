import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noteWholeBodies } from '../../src/storing/whole-bodies.ts';

describe('bodies that were kept whole', () => {
  it('are counted, each, and said of one a minute, with how many there were', () => {
    const lines: unknown[] = [];
    let counted = 0;
    let now = 0;
    const note = noteWholeBodies({
      log: { warn: (...line: unknown[]) => void lines.push(line) } as never,
      count: bodies => (counted += bodies),
      now: () => now,
    });
    const bodies = ['one', 'two', 'three', 'four', 'five'].map(id => ({ id, source: 'mail' }));
    note([]);
    note(bodies.slice(0, 2));
    note(bodies.slice(2, 3));
    now = 60_000;
    note(bodies.slice(3));
    assert.equal(counted, 5);
    assert.deepEqual(lines, [
      [{ eventId: 'one', source: 'mail', count: 2 }, 'body.kept-whole'],
      [{ eventId: 'four', source: 'mail', count: 3 }, 'body.kept-whole'],
    ]);
  });
});
