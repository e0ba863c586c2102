import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { InboxPeek } from '@ackline/store/inbox';
import { createInboxLook } from '../src/inbox-look.ts';

const SECOND_MS = 1_000;

/** Rows of the lanes that are named, the first one the oldest. */
function rows(...found: readonly (readonly [n: number, lane: number, ageMs: number])[]): InboxPeek[] {
  return found.map(([n, lane, ageMs]) => ({
    n: String(n),
    keyHash: lane,
    afterOffset: -1n,
    ageMs,
    bodyBytes: 100,
  }));
}

describe('a look at the inbox', () => {
  it('knows the oldest row of all lanes, and of those that get on', () => {
    let now = 0;
    const look = createInboxLook(
      () => now,
      () => 2,
    );
    assert.deepEqual(look.state(), { rows: 0, oldestAgeMs: 0, movingAgeMs: 0 });
    // What is there at the first look may be stuck since long before.
    look.saw(rows([1, 0, 90 * SECOND_MS], [2, 1, 40 * SECOND_MS]));
    assert.deepEqual(look.state(), { rows: 2, oldestAgeMs: 90 * SECOND_MS, movingAgeMs: 0 });
    now = 10 * SECOND_MS;
    look.saw(rows([1, 0, 100 * SECOND_MS], [3, 1, 30 * SECOND_MS]));
    assert.deepEqual(look.state(), { rows: 2, oldestAgeMs: 100 * SECOND_MS, movingAgeMs: 30 * SECOND_MS });
    now = 300 * SECOND_MS;
    look.saw(rows([1, 0, 390 * SECOND_MS], [3, 1, 320 * SECOND_MS]));
    assert.equal(look.state().movingAgeMs, 320 * SECOND_MS);
    now = 310 * SECOND_MS;
    assert.deepEqual(look.state(), { rows: 2, oldestAgeMs: 400 * SECOND_MS, movingAgeMs: 0 });
  });

  it('counts what comes into a lane that was empty from its first row on', () => {
    let now = 0;
    const look = createInboxLook(
      () => now,
      () => 1,
    );
    look.saw([]);
    now = 1 * SECOND_MS;
    look.saw(rows([1, 0, SECOND_MS]));
    now = 60 * SECOND_MS;
    look.saw(rows([1, 0, 60 * SECOND_MS]));
    assert.equal(look.state().movingAgeMs, 60 * SECOND_MS);
  });
});
