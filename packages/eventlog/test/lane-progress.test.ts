import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLaneProgress } from '../src/lane-progress.ts';

const MINUTE_MS = 60_000;

describe('the progress of lanes', () => {
  it('leaves out a lane of which nothing was stored for five minutes, until something is', () => {
    let now = 0;
    const progress = createLaneProgress(() => now);
    const since = new Map([
      [0, 100],
      [1, 200],
    ]);
    progress.moved(0);
    now = 2 * MINUTE_MS;
    progress.moved(1);
    now = 5 * MINUTE_MS - 1;
    assert.equal(progress.earliest(since), 100);
    now = 5 * MINUTE_MS;
    assert.equal(progress.earliest(since), 200);
    now = 7 * MINUTE_MS;
    assert.equal(progress.earliest(since), null);
    progress.moved(0);
    assert.equal(progress.earliest(since), 100);
  });

  it('takes a lane for stuck that nobody has seen to get on: that it was given here is no progress', () => {
    const progress = createLaneProgress(() => 0);
    assert.equal(progress.earliest(new Map([[3, 100]])), null);
    assert.equal(progress.earliest(new Map()), null);
  });
});
