import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DueFlow } from '@ackline/store/delivery-claims';
import { createFairTurns, type FairTurns } from '../../../src/delivery/claiming/fair-turns.ts';

const flow = (tenant: string, priority: DueFlow['priority'] = 'normal'): DueFlow => ({
  destination: 'crm',
  tenant,
  priority,
});
const anyway = () => true;
const weights =
  (of: Record<string, number> = {}) =>
  (tenant: string) =>
    of[tenant] ?? 1;

/** Places of each tenant, or of each flow, over so many plans. */
function placesOf(
  turns: FairTurns,
  flows: readonly DueFlow[],
  { rounds, places = 1, by = 'tenant' }: { rounds: number; places?: number; by?: 'tenant' | 'flow' },
): Record<string, number> {
  const had: Record<string, number> = {};
  for (let round = 0; round < rounds; round += 1) {
    const plan = turns.plan(flows, places, anyway);
    assert.equal(
      plan.reduce((sum, { quota }) => sum + quota, 0),
      places,
    );
    for (const { tenant, priority, quota } of plan) {
      const name = by === 'tenant' ? tenant : `${tenant} ${priority}`;
      had[name] = (had[name] ?? 0) + quota;
    }
  }
  return had;
}

describe('tenants that wait for one destination', () => {
  it('have places by their weights, one at a time or many', () => {
    for (const places of [1, 3, 50]) {
      const turns = createFairTurns(weights({ b: 3 }));
      const had = placesOf(turns, [flow('a'), flow('b')], { rounds: 10_000, places });
      assert.ok(Math.abs((had['a'] ?? 0) - 2_500 * places) <= 1, `a: ${had['a']} of ${10_000 * places}`);
    }
  });

  it('have their turns evenly where there are more of them than places', () => {
    const tenants = ['a', 'b', 'c', 'd', 'e'].map(tenant => flow(tenant));
    assert.deepEqual(placesOf(createFairTurns(weights()), tenants, { rounds: 50, places: 2 }), {
      a: 20,
      b: 20,
      c: 20,
      d: 20,
      e: 20,
    });
  });

  it('begin with the others when they come: what went on before they did is made up for by nobody', () => {
    const turns = createFairTurns(weights());
    placesOf(turns, [flow('a')], { rounds: 1_000, places: 10 });
    const had = placesOf(turns, [flow('a'), flow('late')], { rounds: 100 });
    assert.deepEqual(had, { a: 50, late: 50 });
  });

  it('gain nothing by an absence, and lose nothing', () => {
    const turns = createFairTurns(weights());
    const both = [flow('a'), flow('b')];
    placesOf(turns, both, { rounds: 100 });
    placesOf(turns, [flow('b')], { rounds: 1_000 });
    assert.deepEqual(placesOf(turns, both, { rounds: 100 }), { a: 50, b: 50 });
  });

  it('leave their places to others while they may take none, and do not have them afterwards', () => {
    const turns = createFairTurns(weights());
    const both = [flow('a'), flow('b')];
    for (let round = 0; round < 100; round += 1) {
      assert.deepEqual(
        turns.plan(both, 4, tenant => tenant === 'b').map(({ tenant, quota }) => [tenant, quota]),
        [['b', 4]],
      );
    }
    assert.deepEqual(placesOf(turns, both, { rounds: 10, places: 4 }), { a: 20, b: 20 });
    assert.deepEqual(
      turns.plan(both, 4, () => false),
      [],
    );
  });

  it('are each listed first now and then: the first of a claim is the one that gets a large body through', () => {
    const turns = createFairTurns(weights({ b: 100 }));
    const firsts = Array.from({ length: 100 }, () => turns.plan([flow('a'), flow('b')], 200, anyway)[0]);
    assert.equal(firsts.filter(first => first?.tenant === 'a').length, 50);
  });

  it('are asked for nothing where there are none', () => {
    const turns = createFairTurns(weights());
    assert.deepEqual(turns.plan([], 5, anyway), []);
    assert.deepEqual(turns.plan([flow('a')], 0, anyway), []);
  });
});

describe('high priority', () => {
  it('goes before normal, and leaves it one place of five, one at a time or many', () => {
    const flows = [flow('a', 'high'), flow('a')];
    const one = createFairTurns(weights());
    const order = Array.from({ length: 10 }, () => one.plan(flows, 1, anyway)[0]?.priority);
    const round = ['high', 'high', 'high', 'high', 'normal'];
    assert.deepEqual(order, [...round, ...round]);
    const many = placesOf(createFairTurns(weights()), flows, { rounds: 100, places: 10, by: 'flow' });
    assert.deepEqual(many, { 'a high': 800, 'a normal': 200 });
  });

  it('is of its tenant alone: without end, it takes no place of another tenant’s normal work', () => {
    const flows = [flow('a', 'high'), flow('b')];
    const had = placesOf(createFairTurns(weights()), flows, { rounds: 100, places: 5, by: 'flow' });
    assert.deepEqual(had, { 'a high': 250, 'b normal': 250 });
  });
});
