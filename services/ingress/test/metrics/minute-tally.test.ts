import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ACK_BOUNDS_MS } from '@ackline/store/ack-buckets';
import { createMetrics } from '@ackline/runtime/metrics';
import { createIngressMetrics } from '../../src/metrics/ingress-metrics.ts';
import { createMinuteTally, withMinutes } from '../../src/metrics/minute-tally.ts';
import { PHASES } from '../../src/http/phase-clock.ts';

const SOURCES = [
  { name: 'telegram', tenant: 'acme' },
  { name: 'stripe', tenant: 'acme' },
];

function counted() {
  const tally = createMinuteTally();
  const shown = { configured: () => [], secretsOf: () => [] };
  return {
    tally,
    metrics: withMinutes(createIngressMetrics(createMetrics({ service: 'ingress' }), shown), tally),
  };
}

/** Each phase took so long. */
const times = (ms: number) => PHASES.map(() => ms);

describe('what an ingress tells of a minute', () => {
  it('has each answer to an event by its time without that of the body, and each event by its tier', () => {
    const { tally, metrics } = counted();
    metrics.finished('telegram', 'accepted', times(1));
    metrics.appended('telegram', 'kafka');
    metrics.finished('telegram', 'duplicate', times(1));
    metrics.appended('telegram', 'spool');
    const [told] = tally.take(SOURCES)?.sources ?? [];
    const ms = PHASES.length - 1;
    const place = ACK_BOUNDS_MS.findIndex(bound => ms <= bound);
    assert.deepEqual([told?.source, told?.tenant, told?.acks[place]], ['telegram', 'acme', 2]);
    assert.deepEqual([told?.acceptedKafka, told?.acceptedInbox, told?.acceptedSpool], [1, 0, 1]);
  });

  it('has no refusal that never came to the log, and begins anew', () => {
    const { tally, metrics } = counted();
    metrics.finished('telegram', 'rejected', times(-1));
    assert.equal(tally.take(SOURCES), null);
    metrics.appended('stripe', 'inbox');
    assert.equal(tally.take(SOURCES)?.sources.length, 1);
    assert.equal(tally.take(SOURCES), null);
  });

  it('has nothing of a source that is not configured any more', () => {
    const { tally, metrics } = counted();
    metrics.appended('gone', 'inbox');
    assert.equal(tally.take(SOURCES), null);
  });
});
