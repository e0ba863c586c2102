import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSlotLanes, replayShare } from '../../src/delivery/slot-lanes.ts';

describe('the lane of replays', () => {
  it('is a tenth of the slots, one where there are few, and none where there are none', () => {
    assert.deepEqual([0, 1, 9, 19, 20, 500].map(replayShare), [0, 1, 1, 1, 2, 50]);
  });

  it('takes a slot of both, and gives both back', () => {
    const lanes = createSlotLanes(20);
    const free = () => [lanes.slots.free, lanes.replays.free];
    const replay = lanes.of('replays');
    assert.deepEqual([replay.tryTake(), replay.tryTake(), replay.tryTake()], [true, true, false]);
    assert.deepEqual(free(), [18, 0]);
    assert.equal(lanes.of('live').tryTake(), true);
    assert.deepEqual(free(), [17, 0]);
    replay.giveBack();
    lanes.of('live').giveBack();
    assert.deepEqual(free(), [19, 1]);
  });

  it('has none where live work has all, and follows the limit', () => {
    const lanes = createSlotLanes(1);
    lanes.of('live').tryTake();
    assert.equal(lanes.of('replays').tryTake(), false);
    assert.equal(lanes.replays.free, 1);
    lanes.setLimit(30);
    assert.equal(lanes.replays.free, 3);
    lanes.setLimit(0);
    assert.equal(lanes.replays.free, 0);
  });
});
