import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { slotsForReplays } from '../../../src/delivery/claiming/claim-quotas.ts';

describe('the slots of a claim', () => {
  it('are left to replays in part: a tenth, or one now and then', () => {
    const turns = Array.from({ length: 10 }, (_, turn) => turn);
    assert.deepEqual(new Set(turns.map(turn => slotsForReplays(50, turn))), new Set([5]));
    assert.equal(
      turns.map(turn => slotsForReplays(1, turn)).reduce((sum, n) => sum + n),
      1,
    );
    assert.equal(slotsForReplays(0, 0), 0);
  });
});
