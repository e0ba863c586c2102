import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createProcessorStates } from '../../src/side/processor-states.ts';
import type { TroubledDestination } from '../../src/side/troubled-destinations.ts';

const p1 = (ageMs: number) => ({ id: 'p1', ageMs, state: { lanes: 1 } });
const CRM: TroubledDestination = {
  name: 'crm',
  status: 'OPEN',
  failures: 10,
  threshold: 10,
  reopensInMs: null,
  isPaused: true,
};
const log = { debug: () => undefined };

describe('createProcessorStates', () => {
  it('shows nothing before the first read, and the age as it grows', async () => {
    let clockMs = 1_000;
    const stop = new AbortController();
    const states = createProcessorStates({
      read: () => {
        stop.abort();
        return Promise.resolve({ processors: [p1(300)], destinations: [{ ...CRM, reopensInMs: 700.4 }] });
      },
      log,
      everyMs: 1,
      now: () => clockMs,
    });
    assert.deepEqual(states.current(), { processors: [], destinations: [] });
    await states.run(stop.signal);
    clockMs += 500;
    const shown = states.current();
    assert.deepEqual(shown, { processors: [p1(800)], destinations: [{ ...CRM, reopensInMs: 200 }] });
    clockMs += 500;
    const [crm] = states.current().destinations;
    assert.deepEqual([crm?.reopensInMs, crm?.status], [0, 'HALF_OPEN'], 'the next delivery probes it');
  });

  it('keeps the last states while PostgreSQL is away, and reads on', async () => {
    const stop = new AbortController();
    let reads = 0;
    const states = createProcessorStates({
      read: () => {
        reads += 1;
        if (reads === 1) return Promise.resolve({ processors: [p1(0)], destinations: [CRM] });
        if (reads === 3) stop.abort();
        return Promise.reject(new Error('away'));
      },
      log,
      everyMs: 1,
    });
    await states.run(stop.signal);
    assert.equal(reads, 3);
    assert.equal(states.current().processors[0]?.id, 'p1');
    assert.deepEqual(states.current().destinations, [CRM]);
  });
});
