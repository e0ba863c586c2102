import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createFairShare } from '../src/fair-share.ts';

/** Takes one at a time until refused; tells how many. */
function takeAll(share: ReturnType<typeof createFairShare>, owner: string): number {
  let took = 0;
  while (share.tryTake(owner, 1)) took += 1;
  return took;
}

describe('fair share', () => {
  it('leaves room for a newcomer however much one owner wants', () => {
    const share = createFairShare(1_000);
    assert.equal(takeAll(share, 'flood'), 800);
    assert.equal(share.tryTake('quiet', 100), true);
    assert.equal(share.taken, 900);
  });

  it('lets one owner have half of the budget at once', () => {
    assert.equal(createFairShare(1_000).tryTake('only', 500), true);
  });

  it('takes nothing over the budget, and nothing when it refuses', () => {
    const share = createFairShare(10);
    assert.equal(share.tryTake('a', 11), false);
    assert.equal(share.taken, 0);
  });

  it('refuses an owner that holds much while another still gets its part', () => {
    const share = createFairShare(100);
    takeAll(share, 'flood');
    for (let i = 0; i < 15; i += 1) assert.equal(share.tryTake('quiet', 1), true);
    share.give('flood', 1);
    assert.equal(share.tryTake('flood', 1), false, 'it holds far more than four times what is free');
    assert.equal(share.tryTake('quiet', 1), true);
  });

  it('comes to equal shares between two that want all, whoever was first', () => {
    const share = createFairShare(900);
    let a = takeAll(share, 'a');
    let b = 0;
    for (let round = 0; round < 2_000; round += 1) {
      share.give('a', 1);
      a -= 1;
      if (b > 0) {
        share.give('b', 1);
        b -= 1;
      }
      for (let i = 0; i < 3; i += 1) {
        if (share.tryTake('a', 1)) a += 1;
        if (share.tryTake('b', 1)) b += 1;
      }
    }
    assert.ok(Math.abs(a - b) <= 10, `${a} and ${b}`);
  });

  it('says how much an owner may take just now: that, and not one more', () => {
    const owners = fc.constantFrom('a', 'b', 'c');
    fc.assert(
      fc.property(fc.array(fc.tuple(owners, fc.nat(60))), owners, (takes, owner) => {
        const share = createFairShare(100);
        for (const [taker, amount] of takes) share.tryTake(taker, amount);
        const room = share.room(owner);
        assert.equal(share.tryTake(owner, room + 1), false);
        if (room > 0) assert.equal(share.tryTake(owner, room), true);
      }),
    );
  });

  it('counts what is there already over the budget, and gives nobody more until that is given back', () => {
    const share = createFairShare(100);
    share.take('a', 150);
    assert.deepEqual([share.taken, share.heldBy('a'), share.room('a'), share.room('b')], [150, 150, 0, 0]);
    assert.equal(share.tryTake('b', 1), false);
    share.give('a', 150);
    assert.deepEqual([share.taken, share.heldBy('a'), share.room('b')], [0, 0, 100]);
  });

  it('gives back exactly what was taken, so that nothing is lost or made', () => {
    const takes = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(50)), { maxLength: 200 });
    fc.assert(
      fc.property(takes, list => {
        const share = createFairShare(300);
        const took = list.filter(([owner, amount]) => share.tryTake(owner, amount));
        assert.equal(
          share.taken,
          took.reduce((sum, [, amount]) => sum + amount, 0),
        );
        assert.ok(share.taken <= 300);
        for (const [owner, amount] of took) share.give(owner, amount);
        assert.equal(share.taken, 0);
        assert.equal(share.tryTake('d', 300), true);
      }),
    );
  });

  it('does not go below zero when more is given than was taken', () => {
    const share = createFairShare(10);
    share.tryTake('a', 4);
    share.give('a', 9);
    share.give('stranger', 3);
    assert.equal(share.taken, 0);
  });
});
