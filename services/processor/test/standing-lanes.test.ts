import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { standingLanesOf } from '../src/standing-lanes.ts';

const stateOf = (standing: unknown) => ({ intake: { inbox: { standing } } });

describe('the lanes that a processor saw stand still', () => {
  it('are read as they were written', () => {
    const lanes = [
      { lane: 0, stored: '0', stillMs: 0 },
      { lane: 11, stored: '9007199254740993', stillMs: 1_500.5 },
    ];
    assert.deepEqual(
      standingLanesOf(JSON.parse(JSON.stringify(stateOf(lanes)))),
      lanes.map(lane => ({ ...lane, stored: BigInt(lane.stored) })),
    );
  });

  it('are none in the state of another release, or in what is no state', () => {
    const odd = [null, 1, { lane: '0', stored: '1', stillMs: 1 }, { lane: 0, stored: 1, stillMs: 1 }];
    const more = [{ lane: 0, stored: '-1', stillMs: 1 }, { lane: 0, stored: '1', stillMs: -1 }, { lane: 0 }];
    for (const state of [
      {},
      { intake: null },
      { intake: { inbox: null } },
      stateOf('x'),
      stateOf([...odd, ...more]),
    ])
      assert.deepEqual(standingLanesOf(state), []);
  });
});
