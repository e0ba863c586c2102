import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSplitSlots, replayShare } from '../../../src/delivery/limits/split-slots.ts';
import { REPLAYS } from '../../../src/delivery/limits/tenant-slots.ts';

describe('the slots of replays', () => {
  it('are a tenth of all, one where there are few, and none where there are none', () => {
    assert.deepEqual([0, 1, 9, 19, 20, 500].map(replayShare), [0, 1, 1, 1, 2, 50]);
  });

  it('count among all slots, and come back among them', () => {
    const slots = createSplitSlots(20, () => false);
    const free = () => [slots.free, slots.replaysFree];
    const takeReplay = () => slots.tryTake(REPLAYS);
    assert.deepEqual([takeReplay(), takeReplay(), takeReplay()], [true, true, false]);
    assert.deepEqual(free(), [18, 0]);
    assert.equal(slots.tryTake('a'), true);
    assert.deepEqual(free(), [17, 0]);
    slots.giveBack(REPLAYS);
    slots.giveBack('a');
    assert.deepEqual(free(), [19, 1]);
  });

  it('are none where live work has all, and follow the limit', () => {
    const slots = createSplitSlots(1, () => false);
    slots.tryTake('a');
    assert.equal(slots.tryTake(REPLAYS), false);
    slots.setLimit(30);
    assert.equal(slots.replaysFree, 3);
    slots.setLimit(30, 2);
    assert.deepEqual([slots.free, slots.replaysFree], [1, 1]);
    slots.setLimit(0);
    assert.equal(slots.replaysFree, 0);
  });
});
