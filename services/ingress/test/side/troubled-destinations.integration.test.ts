import assert from 'node:assert/strict';
import { it } from 'node:test';
import { reportHealth } from '@ackline/store/destination-states';
import { pauseDestination } from '@ackline/store/destinations';
import { createPool } from '@ackline/store/pool';
import { withDatabase } from '@ackline/testkit/database';
import { readTroubledDestinations } from '../../src/side/troubled-destinations.ts';

const BREAKER = { failures: 10, resetMs: 60_000, slowStartMs: 30_000 };
const REPORT = { epoch: 0, succeeded: false, threshold: 10, resetMs: 60_000 };

it('shows which destinations of the configuration are paused or have an open breaker, and no others', async () => {
  await withDatabase(async ({ url }) => {
    const pool = createPool({
      connectionString: url,
      applicationName: 'ingress-test',
      max: 2,
      onError: () => undefined,
    });
    try {
      await reportHealth(pool, [
        { ...REPORT, name: 'crm', failures: 10 },
        { ...REPORT, name: 'fine', failures: 3 },
        { ...REPORT, name: 'gone', failures: 10 },
      ]);
      await pauseDestination(pool, 'erp', { reason: 'deploy', actor: 'anna' });
      const names = ['crm', 'erp', 'fine', 'new'];
      const shown = await readTroubledDestinations(
        pool,
        names.map(name => ({ name, breaker: BREAKER })),
      );
      const reopensInMs = shown[0]?.reopensInMs ?? 0;
      assert.ok(reopensInMs > 50_000 && reopensInMs <= 60_000);
      assert.deepEqual(shown, [
        { name: 'crm', status: 'OPEN', failures: 10, threshold: 10, reopensInMs, isPaused: false },
        { name: 'erp', status: 'CLOSED', failures: 0, threshold: 10, reopensInMs: null, isPaused: true },
      ]);
    } finally {
      await pool.end();
    }
  });
});
