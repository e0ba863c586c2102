import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSlots, shareOf } from '../../../src/delivery/limits/slots.ts';

describe('shares of a destination’s concurrency', () => {
  it('add up to it, and differ by one at most', () => {
    for (let concurrency = 1; concurrency <= 30; concurrency++) {
      for (let count = 1; count <= 12; count++) {
        const shares = Array.from({ length: count }, (_, rank) => shareOf(concurrency, { count, rank }));
        assert.equal(
          shares.reduce((sum, share) => sum + share, 0),
          concurrency,
        );
        assert.ok(Math.max(...shares) - Math.min(...shares) <= 1);
      }
    }
  });

  it('are none for the last ones where there are more processors than slots', () => {
    assert.deepEqual(
      [0, 1, 2].map(rank => shareOf(2, { count: 3, rank })),
      [1, 1, 0],
    );
  });
});

describe('slots', () => {
  const alone = () => false;

  it('are given up to the limit, and again once given back', () => {
    const slots = createSlots(2, alone);
    assert.deepEqual([slots.tryTake('a'), slots.tryTake('a'), slots.tryTake('a')], [true, true, false]);
    assert.equal(slots.free, 0);
    slots.giveBack('a');
    assert.deepEqual([slots.free, slots.tryTake('a')], [1, true]);
  });

  it('that are over a lowered limit run out without giving anybody more', () => {
    const slots = createSlots(3, alone);
    for (let n = 0; n < 3; n++) slots.tryTake('a');
    slots.setLimit(1);
    assert.equal(slots.free, 0);
    slots.giveBack('a');
    slots.giveBack('a');
    assert.equal(slots.tryTake('a'), false);
    slots.giveBack('a');
    assert.equal(slots.tryTake('a'), true);
  });

  it('given back more often than taken make no new ones', () => {
    const slots = createSlots(1, alone);
    slots.giveBack('a');
    assert.equal(slots.free, 1);
  });

  it('are not all of one owner’s where others come too, whatever the limit becomes', () => {
    const slots = createSlots(2, () => true);
    assert.deepEqual([slots.tryTake('a'), slots.tryTake('a'), slots.tryTake('b')], [true, false, true]);
    slots.setLimit(3);
    assert.deepEqual([slots.tryTake('b'), slots.tryTake('a')], [true, false]);
    slots.giveBack('a');
    assert.deepEqual([slots.tryTake('b'), slots.tryTake('c')], [false, true]);
  });

  it('that may not all be in use at once are shared out as if they might', () => {
    const slots = createSlots(20, () => true);
    for (let n = 0; n < 10; n++) {
      slots.setLimit(20, slots.inUse + 1);
      assert.deepEqual([slots.free, slots.tryTake('a'), slots.tryTake('a')], [1, true, false]);
    }
    slots.setLimit(20);
    assert.equal(slots.free, 10);
  });
});
