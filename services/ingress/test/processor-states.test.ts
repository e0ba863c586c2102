import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createProcessorStates } from '../src/processor-states.ts';

const log = { debug: () => undefined };

describe('createProcessorStates', () => {
  it('shows nothing before the first read, and the age as it grows', async () => {
    let clockMs = 1_000;
    const stop = new AbortController();
    const states = createProcessorStates({
      read: () => {
        stop.abort();
        return Promise.resolve([{ id: 'p1', ageMs: 300, state: { lanes: 1 } }]);
      },
      log,
      everyMs: 1,
      now: () => clockMs,
    });
    assert.deepEqual(states.current(), []);
    await states.run(stop.signal);
    clockMs += 500;
    assert.deepEqual(states.current(), [{ id: 'p1', ageMs: 800, state: { lanes: 1 } }]);
  });

  it('keeps the last states while PostgreSQL is away, and reads on', async () => {
    const stop = new AbortController();
    let reads = 0;
    const states = createProcessorStates({
      read: () => {
        reads += 1;
        if (reads === 1) return Promise.resolve([{ id: 'p1', ageMs: 0, state: {} }]);
        if (reads === 3) stop.abort();
        return Promise.reject(new Error('away'));
      },
      log,
      everyMs: 1,
    });
    await states.run(stop.signal);
    assert.equal(reads, 3);
    assert.equal(states.current()[0]?.id, 'p1');
  });
});
