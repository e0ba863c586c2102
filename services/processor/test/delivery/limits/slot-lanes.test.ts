import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSlotLanes, replayShare } from '../../../src/delivery/limits/slot-lanes.ts';
import { REPLAYS } from '../../../src/delivery/limits/tenant-slots.ts';

describe('the lane of replays', () => {
  it('is a tenth of the slots, one where there are few, and none where there are none', () => {
    assert.deepEqual([0, 1, 9, 19, 20, 500].map(replayShare), [0, 1, 1, 1, 2, 50]);
  });

  it('takes a slot of both, and gives both back', () => {
    const lanes = createSlotLanes(20, () => false);
    const free = () => [lanes.free, lanes.replaysFree];
    const takeReplay = () => lanes.tryTake(REPLAYS);
    assert.deepEqual([takeReplay(), takeReplay(), takeReplay()], [true, true, false]);
    assert.deepEqual(free(), [18, 0]);
    assert.equal(lanes.tryTake('a'), true);
    assert.deepEqual(free(), [17, 0]);
    lanes.giveBack(REPLAYS);
    lanes.giveBack('a');
    assert.deepEqual(free(), [19, 1]);
  });

  it('has none where live work has all, and follows the limit', () => {
    const lanes = createSlotLanes(1, () => false);
    lanes.tryTake('a');
    assert.equal(lanes.tryTake(REPLAYS), false);
    lanes.setLimit(30);
    assert.equal(lanes.replaysFree, 3);
    lanes.setLimit(30, 2);
    assert.deepEqual([lanes.free, lanes.replaysFree], [1, 1]);
    lanes.setLimit(0);
    assert.equal(lanes.replaysFree, 0);
  });
});
