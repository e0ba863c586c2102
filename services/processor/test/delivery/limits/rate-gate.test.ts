import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createFairShare } from '@ackline/shared/fair-share';
import { createDestination, type DestinationDeps } from '../../../src/delivery/destination.ts';
import { createNameLookup } from '@ackline/runtime/name-lookup';
import { createRateGate, type RateRoom } from '../../../src/delivery/limits/rate-gate.ts';
import { destinationConfig } from '../../configs.ts';

const share = (max: number) => max;
const { signal } = new AbortController();

describe('the rate of a destination', () => {
  it('lets no more begin within any time of its length, whenever they came', () => {
    const clock = { now: 0 };
    const gate = createRateGate(
      { max: 10, perMs: 1_000 },
      { share, now: () => clock.now, onFree: () => undefined },
    );
    const begun: number[] = [];
    for (clock.now = 0; clock.now < 5_000; clock.now += 7) {
      const wish = clock.now % 900 < 300 ? 3 : 0; // bursts and pauses
      for (let n = 0; n < wish && gate.free > 0; n++) {
        void gate.reserve().begin(signal);
        begun.push(clock.now);
      }
    }
    for (const at of begun) {
      const within = begun.filter(other => other > at - 1_000 && other <= at).length;
      assert.ok(within <= 10, `${within} in the second before ${at}`);
    }
    assert.ok(begun.length >= 50, `${begun.length} in five seconds`);
  });

  it('counts as in the example at the top of rate-gate.ts', async () => {
    const clock = { now: 0 };
    const half = (max: number) => max / 2;
    const deps = { share: half, now: () => clock.now, onFree: () => undefined };
    const gate = createRateGate({ max: 10, perMs: 1_000 }, deps);
    const free: number[] = [gate.free];
    const [first, second, third] = [gate.reserve(), gate.reserve(), gate.reserve()];
    free.push(gate.free);
    void first.begin(signal);
    void second.begin(signal);
    free.push(gate.free);
    clock.now = 100;
    third.lend();
    clock.now = 199;
    free.push(gate.free);
    clock.now = 200;
    free.push(gate.free);
    for (let n = 0; n < 3; n++) void gate.reserve().begin(signal);
    free.push(gate.free);
    clock.now = 300;
    const begun = third.begin(signal);
    clock.now = 1_000;
    free.push(gate.free);
    assert.equal(await begun, true);
    gate.setShare(max => max);
    free.push(gate.free);
    clock.now = 1_200;
    free.push(gate.free);
    clock.now = 2_000;
    free.push(gate.free);
    assert.deepEqual(free, [5, 2, 2, 2, 3, 0, 1, 1, 4, 10]);
  });

  it('says when there is room again', async () => {
    const told = Promise.withResolvers<void>();
    const deps = { share, now: () => performance.now(), onFree: () => told.resolve() };
    const gate = createRateGate({ max: 1, perMs: 20 }, deps);
    const kept = setInterval(() => undefined, 1_000); // its own timer keeps no process
    void gate.reserve().begin(signal);
    assert.equal(gate.free, 0);
    await told.promise;
    clearInterval(kept);
  });

  it('lets fewer begin at once when it is lowered, none while too many have begun, and any without it', () => {
    const clock = { now: 0 };
    const gate = createRateGate(
      { max: 5, perMs: 1_000 },
      { share, now: () => clock.now, onFree: () => undefined },
    );
    for (clock.now = 100; clock.now < 400; clock.now += 100) void gate.reserve().begin(signal);
    const freeAt = (max: number, perMs: number) => {
      gate.configure({ max, perMs });
      return gate.free;
    };
    clock.now = 500;
    assert.deepEqual([freeAt(5, 1_000), freeAt(2, 1_000), freeAt(2, 250)], [2, 0, 1]);
    gate.setShare(() => 0);
    assert.equal(gate.free, 0, 'no share of it');
    gate.configure(null);
    assert.equal(gate.free, Number.POSITIVE_INFINITY);
  });

  it('counts from when an attempt begins, however long its commit took, and keeps its room until then', () => {
    const clock = { now: 0 };
    const gate = createRateGate(
      { max: 2, perMs: 1_000 },
      { share, now: () => clock.now, onFree: () => undefined },
    );
    const [first, second] = [gate.reserve(), gate.reserve()];
    clock.now = 5_000;
    assert.equal(gate.free, 0);
    void first.begin(signal);
    first.leave();
    clock.now = 5_999;
    void second.begin(signal);
    assert.equal(gate.free, 0, 'two within the last second');
    clock.now = 6_000;
    assert.equal(gate.free, 1);
    clock.now = 6_999;
    assert.equal(gate.free, 2);
  });

  it('says when there is room again where all of it is reserved, and had not begun', async () => {
    const told = Promise.withResolvers<void>();
    const deps = { share, now: () => performance.now(), onFree: () => told.resolve() };
    const gate = createRateGate({ max: 1, perMs: 20 }, deps);
    const kept = setInterval(() => undefined, 1_000); // its own timer keeps no process
    const room = gate.reserve();
    assert.equal(gate.free, 0);
    void room.begin(signal);
    await told.promise;
    clearInterval(kept);
    assert.equal(gate.free, 1);
  });

  it('is not held by slow bodies that are made one at a time: others have what these leave, and both keep it (A6)', async () => {
    const clock = { now: 0 };
    const gate = createRateGate(
      { max: 5, perMs: 1_000 },
      { share, now: () => clock.now, onFree: () => undefined },
    );
    const begun: { who: 'slow' | 'quick'; at: number }[] = [];
    const making: RateRoom[] = [];
    let slow = 0;
    const begin = async (who: 'slow' | 'quick', room: RateRoom) => {
      if (await room.begin(signal)) begun.push({ who, at: clock.now });
      if (who === 'slow') slow -= 1;
      room.leave();
    };
    for (clock.now = 0; clock.now < 20_000; clock.now += 10) {
      const done = clock.now % 500 === 490 ? making.shift() : undefined;
      if (done !== undefined) void begin('slow', done);
      while (gate.free > 0) {
        const room = gate.reserve();
        if (slow < 10) {
          room.lend();
          making.push(room);
          slow += 1;
        } else void begin('quick', room);
      }
      await new Promise<void>(resolve => setImmediate(resolve));
    }
    const count = (who: string) => begun.filter(one => one.who === who).length;
    assert.ok(count('slow') >= 36 && count('quick') >= 50, `${count('slow')} slow, ${count('quick')} quick`);
    for (const { at } of begun) {
      const within = begun.filter(other => other.at > at - 1_000 && other.at <= at).length;
      assert.ok(within <= 5, `${within} in the second before ${at}`);
    }
  });

  it('gives room in turn to those whose bodies took long, also where a larger rate or share brings it', async () => {
    const clock = { now: 0 };
    const gate = createRateGate(
      { max: 1, perMs: 1_000 },
      { share, now: () => clock.now, onFree: () => undefined },
    );
    const begun: string[] = [];
    const reserve = () => {
      assert.equal(gate.free, 1);
      return gate.reserve();
    };
    const lend = (name: string) => {
      const room = reserve();
      room.lend();
      clock.now += 100;
      return (until = signal) => room.begin(until).then(isBegun => void (isBegun && begun.push(name)));
    };
    const [first, second, third, fourth] = [lend('first'), lend('second'), lend('third'), lend('fourth')];
    await reserve().begin(signal);
    const left = new AbortController();
    const all = [second(), first(left.signal), fourth(), third()];
    assert.equal(gate.free, 0);
    left.abort();
    gate.configure({ max: 2, perMs: 1_000 });
    await all[0];
    assert.deepEqual([begun, gate.free], [['second'], 0]);
    gate.setShare(max => max + 1);
    clock.now += 1_000;
    assert.equal(gate.free, 1);
    await Promise.all(all);
    assert.deepEqual(begun, ['second', 'fourth', 'third']);
  });

  describe('bounds what is reserved', () => {
    const clock = { now: 0 };
    const deps: DestinationDeps = {
      lookup: createNameLookup(),
      memory: createFairShare(1_000),
      isShared: () => false,
      now: () => clock.now,
      onNews: () => undefined,
      slotFreed: () => undefined,
    };
    const open = (max: number, perMs = 1_000, isNew = false) =>
      createDestination(destinationConfig({ concurrency: 5, rate: { max, perMs } }), { ...deps, isNew });

    it('and a reservation without an attempt does not count', () => {
      const destination = open(2);
      const [first, second] = [destination.tryReserve(0, 'a')!, destination.tryReserve(0, 'a')!];
      assert.deepEqual([destination.slots.free, destination.tryReserve(0, 'a')], [0, null]);
      void first.begin(signal);
      first.finish(true);
      assert.equal(destination.tryReserve(0, 'a'), null, 'it began');
      second.giveBackUnheard();
      assert.equal(destination.slots.free, 1);
      const third = destination.tryReserve(0, 'a')!;
      void third.begin(signal);
      third.finish(true);
      assert.equal(destination.slots.free, 0);
      clock.now += 1_000;
      assert.equal(destination.slots.free, 2);
    });

    it('to this processor’s part of it', () => {
      const destination = open(3);
      destination.setShare({ count: 2, rank: 1 });
      const only = destination.tryReserve(0, 'a')!;
      void only.begin(signal);
      only.finish(true);
      assert.equal(destination.tryReserve(0, 'a'), null);
      const none = open(1);
      none.setShare({ count: 2, rank: 1 });
      assert.equal(none.slots.free, 0);
    });

    it('to what others may not have used up a moment ago: those whose share a processor has from now on', () => {
      const [joins, stays] = [open(4), open(4)];
      joins.setShare(null);
      joins.setShare({ count: 2, rank: 1 });
      stays.setShare({ count: 2, rank: 0 });
      assert.deepEqual([joins.slots.free, stays.slots.free], [0, 2]);
      clock.now += 1_000;
      assert.deepEqual([joins.slots.free, stays.slots.free], [2, 2]);
      stays.setShare({ count: 1, rank: 0 });
      assert.equal(stays.slots.free, 2, 'the other has gone');
      clock.now += 1_000;
      assert.equal(stays.slots.free, 4);
    });

    it('to its part and no less after the other was away for a moment, however often: what that may have used is its own to count', () => {
      const destination = open(4, 60_000);
      destination.setShare({ count: 2, rank: 0 });
      clock.now += 60_000;
      for (let n = 0; n < 3; n++) {
        destination.setShare({ count: 1, rank: 0 });
        assert.equal(destination.slots.free, 2, 'the other may have used its two');
        destination.setShare({ count: 2, rank: 0 });
        assert.equal(destination.slots.free, 2);
      }
      const only = destination.tryReserve(0, 'a')!;
      void only.begin(signal);
      only.finish(true);
      destination.setShare({ count: 1, rank: 0 });
      destination.setShare({ count: 2, rank: 0 });
      assert.equal(destination.slots.free, 1, 'its own still counts');
    });

    it('and takes nobody’s share with a destination that a reload adds, nor waits for more than a minute', () => {
      const added = open(4, 1_000, true);
      added.setShare({ count: 2, rank: 0 });
      assert.equal(added.slots.free, 2);
      const hourly = open(4, 3_600_000);
      hourly.setShare(null);
      hourly.setShare({ count: 1, rank: 0 });
      clock.now += 59_999;
      assert.equal(hourly.slots.free, 0);
      clock.now += 1;
      assert.equal(hourly.slots.free, 4);
    });
  });
});
