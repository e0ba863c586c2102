import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { spoolOrder } from '../src/spool/spool-order.ts';
import { spoolTorn } from '../src/spool/spool-torn.ts';

// The short forms of `npm run proof -- spool-order` and `-- spool-torn`.

describe('an event in the spool', () => {
  it('is synced before its 200 is written, in the recorded order of system calls', async t => {
    const figures = await spoolOrder({ events: 10 });
    if (figures.kind === 'skipped') return t.skip(figures.reason);
    assert.equal(figures.events, 10); // the order itself throws
  });

  it('is found by the relay in copies of a crash, with its log cut and torn behind the last acknowledged commit', async () => {
    const figures = await spoolTorn({ bursts: 2, copiesPerBurst: 2, rounds: 3, cutsPerRound: 2 });
    assert.deepEqual(figures.broken, []);
    assert.ok(figures.stopped > 0 && figures.torn > 0 && figures.killed > 0 && figures.expected > 0);
  });
});
