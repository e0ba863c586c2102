import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkGoal, compare, median, spread } from '../src/statistics.ts';

describe('figures of rounds', () => {
  it('has the middle of an odd number, and the mean of the two middle ones of an even number', () => {
    assert.equal(median([9, 1, 2]), 2);
    assert.equal(median([4, 1, 3, 2]), 2.5);
    assert.ok(Number.isNaN(median([])));
  });

  it('has the spread of a program against itself', () => {
    assert.equal(spread([100, 80, 120]), 1.5);
    assert.equal(spread([7]), 1);
  });

  it('takes what differs by less than a program does from itself for equal', () => {
    assert.equal(compare([110, 100, 120], [100, 99, 101]).verdict, 'equal');
    assert.equal(compare([130, 131, 132], [100, 99, 101]).verdict, 'more');
    assert.equal(compare([50, 51, 52], [100, 99, 101]).verdict, 'less');
  });

  it('calls a goal missed only when it is missed by more than the spread', () => {
    assert.equal(checkGoal([99, 100, 101], [100, 100, 100], 1).outcome, 'met');
    assert.equal(checkGoal([101, 104, 110], [100, 100, 100], 1).outcome, 'equal within the spread');
    assert.equal(checkGoal([120, 121, 122], [100, 100, 100], 1).outcome, 'missed');
    assert.equal(checkGoal([], [100], 1).outcome, 'not known');
  });
});
