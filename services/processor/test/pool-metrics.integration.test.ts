import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createMetricFactory } from '@ackline/runtime/metric-factory';
import { createMetrics } from '@ackline/runtime/metrics';
import { createPoolMetrics } from '@ackline/runtime/pool-metrics';
import { createPool } from '@ackline/store/pool';
import { watchPool } from '@ackline/store/pool-watch';
import type { PoolClient } from 'pg';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';

describe('the metrics of a pool', () => {
  let database: TestDatabase;
  before(async () => {
    database = await createTestDatabase();
  });
  after(() => database.close());

  async function openWatched(limitMs: number) {
    const pool = createPool({
      connectionString: database.url,
      applicationName: 'watched',
      max: 2,
      limitMs,
      onError: () => undefined,
    });
    const registry = createMetrics({ service: 'test', processMetrics: false });
    watchPool(pool, createPoolMetrics(createMetricFactory(registry)).add('watched', pool));
    const value = async (name: string, label = 'pool="watched"') => {
      const pattern = new RegExp(`^ackline_postgres_pool_${name}\\{(?=[^}]*${label})[^}]*\\} (\\S+)$`, 'm');
      return Number(pattern.exec(await registry.metrics())?.[1] ?? Number.NaN);
    };
    return { pool, value };
  }

  it('tell who has a connection, who waits for one, and how many had to wait', async () => {
    const { pool, value } = await openWatched(5_000);
    let held: PoolClient[] = [];
    const release = () => held.splice(0).forEach(client => client.release());
    try {
      assert.equal(await value('max_connections'), 2);
      assert.equal(await value('wait_seconds_count'), 0);
      held = [await pool.connect(), await pool.connect()];
      assert.equal(await value('wait_seconds_count'), 2, 'each was made for its caller');
      const waiting = pool.query('select 1');
      await waitFor(async () => (await value('waiting')) === 1);
      assert.equal(await value('connections', 'state="used"'), 2);
      release();
      await waiting;
      assert.equal(await value('wait_seconds_count'), 3);
      assert.equal(await value('waiting'), 0);
      assert.equal(await value('connections', 'state="idle"'), 2);
      await Promise.all([pool.query('select 1'), pool.query('select 1')]);
      assert.equal(await value('wait_seconds_count'), 3, 'who finds an idle one does not wait');
      assert.equal(await value('failures_total'), 0);
    } finally {
      release();
      await pool.end();
    }
  });

  it('count who got none in time', async () => {
    const { pool, value } = await openWatched(500); // a busy machine takes 50 ms to connect
    const held = [await pool.connect(), await pool.connect()];
    try {
      await assert.rejects(pool.query('select 1'), /timeout/);
      assert.equal(await value('failures_total'), 1);
      assert.equal(await value('wait_seconds_count'), 2);
    } finally {
      for (const client of held) client.release();
      await pool.end();
    }
  });
});
