import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRouteTurns } from '../../src/transforming/route-turns.ts';

const all = () => true;

describe('turns of routes', () => {
  it('go from one to the next, one of each at a time, in the order of each', () => {
    const turns = createRouteTurns<number>();
    for (const n of [1, 2, 3]) turns.add('a', n);
    turns.add('b', 4);
    const taken: unknown[] = [];
    for (let next = turns.take(all); next !== null; next = turns.take(all)) {
      taken.push([next.key, next.item]);
      turns.done(next.key);
    }
    assert.deepEqual(taken, [
      ['a', 1],
      ['b', 4],
      ['a', 2],
      ['a', 3],
    ]);
    turns.add('a', 5);
    turns.add('a', 6);
    assert.equal(turns.take(all)?.item, 5);
    assert.equal(turns.take(all), null); // its first is out
    turns.done('a');
    assert.equal(turns.take(all)?.item, 6);
  });

  it('pass over who may not go, and forget what is dropped', () => {
    const turns = createRouteTurns<number>();
    turns.add('a', 1);
    turns.add('b', 2);
    assert.equal(turns.take(key => key !== 'a')?.item, 2);
    turns.drop('a', 7);
    turns.drop('a', 1);
    turns.drop('c', 1);
    assert.equal(turns.take(all), null);
  });
});
