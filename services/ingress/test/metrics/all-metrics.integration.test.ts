import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { MetricRow } from '@ackline/runtime/metric-rows/metric-row';
import { processMetrics } from '@ackline/runtime/process-metrics';
import { metricTable } from '@ackline/runtime/metric-table';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { compareWithDocs } from '@ackline/testkit/documented-metrics';
import { scrape } from '@ackline/testkit/scrape';
import { waitFor } from '@ackline/testkit/wait-for';
import { sendUpdate, startIngress } from '../support/service.ts';

const PROCESSES = 2;
/** There is a sample only while one is under way at that moment. */
const MOMENTARY = ['nodejs_active_requests'];

const rows: readonly MetricRow[] = Object.values(metricTable);
const documented = [
  ...rows.filter(({ services }) => services.includes('ingress') || services.includes('ingress-parent')),
  ...processMetrics.map(row => (MOMENTARY.includes(row.name) ? { ...row, needs: 'luck' } : row)),
];

describe('several ingress processes behind one operations port', () => {
  let database: TestDatabase;
  before(async () => {
    database = await createTestDatabase();
  });
  after(() => database.close());

  it('show every metric of docs/metrics.md that needs no Redis, and none beside them, with sums that are right', async t => {
    const spool = await mkdtemp(join(tmpdir(), 'ackline-spool-'));
    const agent = new Agent({ keepAlive: false });
    try {
      await using ingress = await startIngress(database.url, {
        INGRESS_PROCESSES: String(PROCESSES),
        SPOOL_DIR: spool,
        SPOOL_DURABILITY: 'ephemeral',
      });
      for (const id of [1, 2, 3, 4]) assert.equal(await sendUpdate(agent, ingress.port, id), 200);
      const refused = await fetch(`http://127.0.0.1:${ingress.port}/webhook/telegram`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', connection: 'close' },
        body: '{}',
      });
      assert.equal(refused.status, 401);
      await waitFor(async () => {
        // A collection of garbage may not have happened yet.
        const { samples } = await scrape(ingress.operations);
        return compareWithDocs(samples, documented, ['a spool']).missing.length === 0;
      }).catch(() => undefined); // what is missing is said below
      const found = await scrape(ingress.operations);
      const { missing, unknown, skipped } = compareWithDocs(found.samples, documented, ['a spool']);
      t.diagnostic(`not asked for here: ${skipped.join(', ')}`);
      assert.deepEqual({ missing, unknown }, { missing: [], unknown: [] });

      const source = { source: 'telegram' };
      assert.equal(found.value('ackline_ingress_processes'), PROCESSES);
      assert.equal(found.value('ackline_ingress_requests_total', { ...source, result: 'accepted' }), 4);
      assert.equal(
        found.value('ackline_ingress_ack_seconds_count', source),
        4,
        'what was refused has no ack',
      );
      assert.equal(found.value('ackline_eventlog_batch_events_sum', { tier: 'inbox' }), 4);
      assert.equal(found.value('ackline_eventlog_tier_in_use', { tier: 'inbox' }), PROCESSES);
      assert.equal(found.value('ackline_postgres_pool_max_connections'), 5 * PROCESSES);
      assert.equal(found.value('ackline_spool_max_bytes'), 1024 ** 3, 'they share one directory');
      assert.equal(found.value('ackline_spool_ready'), 1);
      const loadedAt = found.value('ackline_config_loaded_timestamp_seconds') ?? 0;
      assert.ok(Math.abs(Date.now() / 1_000 - loadedAt) < 600, 'not the sum of two times');
    } finally {
      agent.destroy();
      await rm(spool, { recursive: true, force: true });
    }
  });
});
