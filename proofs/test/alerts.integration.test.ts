import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findPrometheus } from '@ackline/testkit/prometheus-programs';
import { judgeAlerts, runAlerts } from '../src/alerts/run-alerts.ts';

// The short form of `npm run proof -- alerts`: some of the faults, without containers.

describe('alerts', () => {
  it('fire in a real Prometheus by a fault in running services, and resolve after it', async context => {
    const programs = findPrometheus();
    if (programs.kind === 'unavailable') return context.skip(programs.reason);
    const run = await runAlerts({
      prometheusPath: programs.prometheus,
      servers: false,
      factor: 60,
      scrapeMs: 1_000,
      leastMs: 5_000,
      short: true,
      fireLimitMs: 60_000,
      resolveLimitMs: 60_000,
      log: () => undefined,
    });
    assert.deepEqual(judgeAlerts(run), []);
    assert.ok(run.rows.length >= 5);
  });
});
