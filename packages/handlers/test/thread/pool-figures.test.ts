import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addFigures, countsOf, NO_FIGURES, ofThread } from '../../src/thread/pool-figures.ts';
import type { ThreadFigures } from '../../src/thread/figures.ts';

const thread: ThreadFigures = {
  http: {
    active: 2,
    limit: 50,
    origins: [{ origin: 'https://a', active: 2, limit: 30 }],
    calls: [{ origin: 'https://a', outcome: '2xx', count: 3, totalMs: 30 }],
    waits: { count: 2, totalMs: 40 },
  },
  handled: [],
  loop: { busy: 0.5, blockedMs: 20 },
  monitored: [
    {
      name: 'load',
      count: 2,
      failures: 1,
      totalMs: 20,
      maxMs: 15,
      durations: [[3, 2]],
      slowest: [
        { ms: 15, at: 1 },
        { ms: 5, at: 2 },
      ],
      heapGrowthBytes: 10,
    },
  ],
  heapBytes: 1_000,
  droppedLogLines: 5,
};

describe('figures of threads', () => {
  it('add up by origin, outcome and name', () => {
    const one = ofThread(thread, { takesJobs: true, jobs: 3 });
    const sum = addFigures(one, ofThread(thread, { takesJobs: false, jobs: 1 }));
    assert.deepEqual([sum.threads, sum.jobs, sum.heapBytes, sum.droppedLogLines], [1, 4, 2_000, 10]);
    assert.deepEqual(sum.http.origins, [{ origin: 'https://a', active: 4, limit: 60 }]);
    assert.deepEqual(sum.http.calls, [{ origin: 'https://a', outcome: '2xx', count: 6, totalMs: 60 }]);
    assert.deepEqual(sum.http.waits, { count: 4, totalMs: 80 });
    assert.deepEqual(sum.loop, { busy: 0.5, blockedMs: 20 }, 'of the busiest');
    const [load] = sum.monitored;
    assert.deepEqual([load?.count, load?.durations, load?.slowest.length, load?.maxMs], [4, [[3, 4]], 4, 15]);
  });

  it('leave counts behind, and nothing of what was so at the time', () => {
    const left = countsOf(ofThread(thread, { takesJobs: true, jobs: 3 }));
    assert.deepEqual(
      [left.threads, left.jobs, left.heapBytes, left.http.active, left.http.limit],
      [0, 0, 0, 0, 0],
    );
    assert.deepEqual([left.loop.busy, left.memoryBytes], [0, 0]);
    assert.equal(left.http.calls.length, 1);
    assert.deepEqual(addFigures(NO_FIGURES, left), left);
  });

  it('are of a bounded number of origins, whatever threads came and went, and no call is missing', () => {
    let sum = NO_FIGURES;
    for (let gone = 0; gone < 5; gone++) {
      const calls = Array.from({ length: 50 }, (_, n) => ({
        origin: `https://${gone}-${n}`,
        outcome: '2xx' as const,
        count: 1,
        totalMs: 1,
      }));
      sum = addFigures(
        sum,
        ofThread({ ...thread, http: { ...thread.http, calls } }, { takesJobs: true, jobs: 0 }),
      );
    }
    assert.equal(sum.http.calls.length, 101);
    assert.deepEqual(sum.http.calls.at(-1), { origin: 'other', outcome: '2xx', count: 150, totalMs: 150 });
  });

  it('are none of a thread that has told nothing yet', () => {
    assert.equal(ofThread(null, { takesJobs: true, jobs: 0 }).threads, 1);
  });
});
