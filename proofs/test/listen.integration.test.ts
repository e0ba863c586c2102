import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runListenProof } from '../src/listen/listen-proof.ts';

// The short form of `npm run proof -- listen`.

describe('a listener that is killed and cut off', { timeout: 240_000 }, () => {
  it('brings every event to its server, in order per chat, none skipped', async () => {
    const figures = await runListenProof({ events: 400, rate: 40, faults: 3, log: () => undefined });
    assert.deepEqual(figures.broken, []);
    assert.equal(figures.reached, 400);
    assert.deepEqual(figures.faults, ['kill', 'cut', 'silent network']);
  });
});
