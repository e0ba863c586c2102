import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMinuteTally } from '../src/minute-tally.ts';

const OF = { source: 'telegram', tenant: 'acme' };
const attempt = (kind: 'delivered' | 'retry' | 'park' | 'hold') =>
  ({ outcome: { kind } }) as unknown as Parameters<ReturnType<typeof createMinuteTally>['attempted']>[1];
const stored = (...tiers: ('kafka' | 'inbox')[]) =>
  ({ fresh: tiers.map(tier => ({ meta: OF, tier })) }) as unknown as Parameters<
    ReturnType<typeof createMinuteTally>['stored']
  >[0];

describe('what a processor tells of a minute', () => {
  it('has what it stored by the log that it came from', () => {
    const tally = createMinuteTally();
    tally.stored(stored('kafka', 'inbox', 'kafka'));
    const [told] = tally.take()?.sources ?? [];
    assert.deepEqual([told?.storedKafka, told?.storedInbox, told?.acks], [2, 1, []]);
    assert.equal(tally.take(), null);
  });

  it('has attempts by what came of them, and none that was held', () => {
    const tally = createMinuteTally();
    for (const kind of ['delivered', 'retry', 'park', 'hold'] as const)
      tally.attempted('crm', attempt(kind), OF);
    tally.swept({ parked: [{ destination: 'crm', ...OF }] });
    assert.deepEqual(tally.take()?.deliveries, [
      { ...OF, destination: 'crm', delivered: 1, failed: 2, parked: 2 },
    ]);
  });

  it('is bounded, whatever names events have', () => {
    const tally = createMinuteTally();
    for (let n = 0; n < 6_000; n += 1)
      tally.attempted('crm', attempt('delivered'), { source: `s${n}`, tenant: 'acme' });
    assert.equal(tally.take()?.deliveries.length, 5_000);
  });
});
