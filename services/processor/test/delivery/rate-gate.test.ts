import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createFairShare } from '@ackline/shared/fair-share';
import { createDestination } from '../../src/delivery/destination.ts';
import { createNameLookup } from '../../src/delivery/name-lookup.ts';
import { createRateGate } from '../../src/delivery/rate-gate.ts';
import { destinationConfig } from '../configs.ts';

const all = (max: number) => max;

describe('the rate of a destination', () => {
  it('lets no more begin within any time of its length, whenever they came', () => {
    const clock = { now: 0 };
    const gate = createRateGate({ max: 10, perMs: 1_000 }, { now: () => clock.now, onFree: () => undefined });
    const begun: number[] = [];
    for (clock.now = 0; clock.now < 5_000; clock.now += 7) {
      const wish = clock.now % 900 < 300 ? 3 : 0; // bursts and pauses
      for (let n = 0; n < wish && gate.free(all) > 0; n++) {
        begun.push(gate.begin());
      }
    }
    for (const at of begun) {
      const within = begun.filter(other => other > at - 1_000 && other <= at).length;
      assert.ok(within <= 10, `${within} in the second before ${at}`);
    }
    assert.ok(begun.length >= 50, `${begun.length} in five seconds`);
  });

  it('says when there is room again', async () => {
    const told = Promise.withResolvers<void>();
    const deps = { now: () => performance.now(), onFree: () => told.resolve() };
    const gate = createRateGate({ max: 1, perMs: 20 }, deps);
    const kept = setInterval(() => undefined, 1_000); // its own timer keeps no process
    gate.begin();
    assert.equal(gate.free(all), 0);
    await told.promise;
    clearInterval(kept);
  });

  it('lets fewer begin at once when it is lowered, none while too many have begun, and any without it', () => {
    const clock = { now: 0 };
    const gate = createRateGate({ max: 5, perMs: 1_000 }, { now: () => clock.now, onFree: () => undefined });
    for (clock.now = 100; clock.now < 400; clock.now += 100) gate.begin();
    const freeAt = (max: number, perMs: number) => {
      gate.configure({ max, perMs });
      return gate.free(all);
    };
    clock.now = 500;
    assert.deepEqual([freeAt(5, 1_000), freeAt(2, 1_000), freeAt(2, 250)], [2, 0, 1]);
    assert.equal(
      gate.free(() => 0),
      0,
      'no share of it',
    );
    gate.configure(null);
    assert.equal(gate.free(all), Number.POSITIVE_INFINITY);
  });

  describe('bounds what is reserved', () => {
    const clock = { now: 0 };
    const open = (max: number) =>
      createDestination(destinationConfig({ concurrency: 5, rate: { max, perMs: 1_000 } }), {
        lookup: createNameLookup(),
        memory: createFairShare(1_000),
        isShared: () => false,
        now: () => clock.now,
        onNews: () => undefined,
        slotFreed: () => undefined,
      });

    it('and a reservation without an attempt does not count', () => {
      const destination = open(2);
      const [first, second] = [destination.tryReserve(0, 'a')!, destination.tryReserve(0, 'a')!];
      assert.deepEqual([destination.slots.free, destination.tryReserve(0, 'a')], [0, null]);
      first.finish(true);
      assert.equal(destination.tryReserve(0, 'a'), null, 'it began');
      second.cancel();
      assert.equal(destination.slots.free, 1);
      destination.tryReserve(0, 'a')!.finish(true);
      clock.now += 1_000;
      assert.equal(destination.slots.free, 2);
    });

    it('to this processor’s part of it', () => {
      const destination = open(3);
      destination.setShare({ count: 2, rank: 1 });
      destination.tryReserve(0, 'a')!.finish(true);
      assert.equal(destination.tryReserve(0, 'a'), null);
      const none = open(1);
      none.setShare({ count: 2, rank: 1 });
      assert.equal(none.slots.free, 0);
    });
  });
});
