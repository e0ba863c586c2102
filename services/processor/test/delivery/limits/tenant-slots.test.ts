import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTenantSlots } from '../../../src/delivery/limits/tenant-slots.ts';

/** Takes in turn until nobody gets more; how many each has. */
function greedy(limit: number, tenants: readonly string[], isShared = true): number[] {
  const slots = createTenantSlots(() => isShared);
  const held = new Map(tenants.map(tenant => [tenant, 0]));
  const sum = () => [...held.values()].reduce((all, n) => all + n, 0);
  for (let before = -1; before !== sum(); ) {
    before = sum();
    for (const tenant of tenants) {
      const free = limit - sum();
      if (free > 0 && slots.tryTake(tenant, free)) held.set(tenant, (held.get(tenant) ?? 0) + 1);
    }
  }
  return [...held.values()];
}

describe('a tenant whose requests hang at a destination that others use too', () => {
  it('has four fifths of the slots, and of few of them all but one', () => {
    for (const [limit, most] of [
      [100, 80],
      [20, 16],
      [5, 4],
      [4, 3],
      [3, 2],
      [2, 1],
    ] as const) {
      assert.deepEqual(greedy(limit, ['a']), [most], `of ${limit}`);
    }
  });

  it('has the only slot, since a destination with one has a single tenant at a time', () => {
    assert.deepEqual(greedy(1, ['a', 'b']), [1, 0]);
  });

  it('leaves none of them unused once another wants it', () => {
    for (const limit of [2, 3, 5, 20]) {
      const [a = 0, b = 0] = greedy(limit, ['a', 'b']);
      assert.ok(a + b >= limit - Math.ceil(limit / 9), `${a} and ${b} of ${limit}`);
      assert.ok(Math.abs(a - b) <= 1);
    }
  });

  it('may have more again as soon as it gives back, and no more for giving back twice', () => {
    const slots = createTenantSlots(() => true);
    assert.equal(slots.tryTake('a', 2), true);
    assert.equal(slots.tryTake('a', 1), false);
    slots.giveBack('a');
    slots.giveBack('a');
    assert.equal(slots.tryTake('a', 2), true);
    assert.equal(slots.tryTake('a', 1), false);
  });
});

describe('a tenant alone at a destination', () => {
  it('has all of its slots', () => {
    assert.deepEqual(greedy(20, ['a'], false), [20]);
  });

  it('keeps what it has when another is configured, and gets no more', () => {
    let isShared = false;
    const slots = createTenantSlots(() => isShared);
    for (let free = 5; free > 0; free -= 1) assert.equal(slots.tryTake('a', free), true);
    isShared = true;
    slots.giveBack('a');
    assert.equal(slots.tryTake('a', 1), false);
    assert.equal(slots.tryTake('b', 1), true);
  });
});
