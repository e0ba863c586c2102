import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runProcessors } from '../src/processors/processors.ts';

// The short form of `npm run proof -- processors`: two kills and four rebalances.

describe('three processors that are killed and rebalanced under load', () => {
  it('store each accepted event once, deliver it in order, and send nothing again without a reason', async () => {
    const { broken, ...figures } = await runProcessors({ seconds: 24, rate: 60 });
    console.log(JSON.stringify(figures));
    assert.deepEqual(broken, []);
    assert.ok(figures.kills === 2 && figures.joins > 0 && figures.leaves > 0);
  });
});
