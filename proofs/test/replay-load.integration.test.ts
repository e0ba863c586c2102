import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runReplayLoad } from '../src/replay-load/replay-load.ts';

// The short form of `npm run proof -- replay-load`: its counts. How long live work takes is for a machine at rest.

describe('a replay under live load', () => {
  it('sends what it announced, and no more than a batch once it is cancelled, while all that is live arrives', async () => {
    const figures = await runReplayLoad({
      rate: 20,
      phaseSeconds: 1,
      rounds: 1,
      deliveries: 1_000,
      replayRate: 500,
      warmUpSeconds: 1,
      log: () => undefined,
    });
    assert.deepEqual(figures.broken, []);
    assert.deepEqual([figures.announced, figures.arrived], [1_000, 1_000]);
    assert.ok(figures.cancelled.before < 1_000);
    assert.ok(figures.liveUpdates.arrived > 0);
  });
});
