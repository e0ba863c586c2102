import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRouteTurns, type Flow, type RouteTurns } from '../../src/transforming/route-turns.ts';

const all = () => true;
const flow = (route: string, tenant = 't'): Flow => ({ route, tenant });

/** All that waits, in the order of the turns, with one out at a time. */
function inTurn<Item>(turns: RouteTurns<Item>): Item[] {
  const taken: Item[] = [];
  for (let next = turns.take(all); next !== null; next = turns.take(all)) {
    taken.push(next.item);
    turns.done(next.flow);
  }
  return taken;
}

describe('turns of routes', () => {
  it('go from one to the next, one of each at a time, in the order of each', () => {
    const turns = createRouteTurns<string>();
    for (const item of ['a1', 'a2', 'a3']) turns.add(flow('a'), item);
    turns.add(flow('b'), 'b1');
    assert.deepEqual(inTurn(turns), ['a1', 'b1', 'a2', 'a3']);
    turns.add(flow('a'), 'a4');
    turns.add(flow('a'), 'a5');
    assert.equal(turns.take(all)?.item, 'a4');
    assert.equal(turns.take(all), null, 'its first is out');
    turns.done(flow('a'));
    assert.equal(turns.take(all)?.item, 'a5');
  });

  it('go from one tenant of a route to the next, and give no route more for having many', () => {
    const turns = createRouteTurns<string>();
    for (const item of ['a1', 'a2', 'a3']) turns.add(flow('many', 'a'), item);
    for (const tenant of ['b', 'c']) turns.add(flow('many', tenant), `${tenant}1`);
    for (const item of ['x1', 'x2', 'x3']) turns.add(flow('one', 'a'), item);
    assert.deepEqual(inTurn(turns), ['a1', 'x1', 'b1', 'x2', 'c1', 'x3', 'a2', 'a3']);
  });

  it('come to another tenant of a route while one of the first is out', () => {
    const turns = createRouteTurns<string>();
    for (const item of ['a1', 'a2']) turns.add(flow('r', 'a'), item);
    turns.add(flow('r', 'b'), 'b1');
    assert.deepEqual(
      [turns.take(all), turns.take(all), turns.take(all)].map(next => next?.item),
      ['a1', 'b1', undefined],
    );
    turns.done(flow('r', 'a'));
    assert.equal(turns.take(all)?.item, 'a2');
  });

  it('pass over who may not go, and forget what is dropped', () => {
    const turns = createRouteTurns<string>();
    turns.add(flow('a', 'bad'), 'a1');
    turns.add(flow('a', 'good'), 'a2');
    assert.equal(turns.take(({ tenant }) => tenant !== 'bad')?.item, 'a2');
    turns.drop(flow('a', 'bad'), 'another');
    turns.drop(flow('a', 'bad'), 'a1');
    turns.drop(flow('c'), 'a1');
    turns.done(flow('a', 'good'));
    assert.equal(turns.take(all), null);
  });
});
