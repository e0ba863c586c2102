import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createInboxPeek } from '../../src/storing/inbox-peek.ts';

function bench() {
  const asked: string[] = [];
  let inbox: string[] = [];
  let nowMs = 0;
  const peek = createInboxPeek(
    (limit, fromN) => {
      asked.push(fromN);
      const found = inbox.filter(n => BigInt(n) >= BigInt(fromN)).slice(0, limit);
      return Promise.resolve(found.map(n => ({ n, keyHash: 1, afterOffset: -1n, ageMs: 0, bodyBytes: 1 })));
    },
    () => nowMs,
  );
  return {
    asked,
    /** Nobody looks. */
    standStill: (seconds: number): void => {
      nowMs += seconds * 1_000;
    },
    /** One look a second for so many seconds; the last one's rows. */
    look: async (seconds: number, rows: readonly string[]): Promise<readonly string[]> => {
      inbox = [...rows];
      let found: readonly string[] = [];
      for (let n = 0; n < seconds; n++) {
        nowMs += 1_000;
        found = (await peek(2)).map(row => row.n);
      }
      return found;
    },
  };
}

describe('looking at the inbox', () => {
  it('begins where the first row was ten seconds ago, also when nothing has come since', async () => {
    const { asked, look } = bench();
    await look(1, ['7', '8', '9']);
    await look(10, []);
    assert.ok(asked.every(n => n === '0'));
    await look(1, []);
    assert.equal(asked.at(-1), '7');
    await look(1, []);
    assert.equal(asked.at(-1), '8'); // the last that it saw; what lies behind was never looked at
  });

  it('does not pass over a row that commits late, before one that has a greater number', async () => {
    const { look } = bench();
    await look(30, []);
    await look(8, ['100']);
    assert.deepEqual(await look(1, ['99', '100']), ['99', '100']);
    assert.deepEqual(await look(30, ['99', '100']), ['99', '100']); // nor while it waits
  });

  it('does not pass over a row that commits while nobody looks', async () => {
    const { look, standStill } = bench();
    await look(30, []);
    await look(3, ['100']); // 99 is under way
    standStill(9);
    assert.deepEqual(await look(1, ['99', '100']), ['99', '100']);
  });

  it('looks at everything from time to time, so that nothing stays behind', async () => {
    const { asked, look } = bench();
    await look(40, ['500']);
    asked.length = 0;
    await look(30, ['500']);
    assert.equal(asked.filter(n => n === '0').length, 2);
    assert.deepEqual(await look(16, ['3', '500']), ['3', '500']);
  });
});
