import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { reportHealth } from '@ackline/store/destination-states';
import { pauseDestination, resumeDestination } from '@ackline/store/destinations';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { createDestinationNews } from '../src/destination-news.ts';
import { createDestinationNotices } from '../src/destination-notices.ts';
import { destinationConfig } from './configs.ts';
import { runDelivery } from './delivery/running-delivery.ts';
import { openPool } from './events.ts';

const log = { warn: () => undefined } as never;

describe('what is done to a destination', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  it('is known to a processor without its heartbeat: a pause, its end, and a breaker that another opened', async () => {
    const { delivery, stop } = await runDelivery({ pool, destinations: [destinationConfig()] });
    const { pause, breaker } = delivery.destinations.get('crm')!;
    const ending = new AbortController();
    let learned = 0;
    const running = createDestinationNotices({
      connectionString: database.url,
      applicationName: 'processor-test',
      news: createDestinationNews({
        pool,
        destinations: delivery.destinations,
        cache: { learn: () => undefined },
      }),
      onLearned: () => (learned += 1),
      log,
    }).run(ending.signal);
    try {
      await waitFor(() => learned > 0); // it listens, and has read what it missed
      await pauseDestination(pool, 'crm', { reason: 'deploy', actor: 'anna' });
      await waitFor(() => pause.isOn);
      await resumeDestination(pool, 'crm', 'anna');
      await waitFor(() => !pause.isOn);
      const report = {
        name: 'crm',
        epoch: 0,
        succeeded: false,
        failures: 10,
        threshold: 10,
        resetMs: 60_000,
      };
      await reportHealth(pool, [report]);
      await waitFor(() => breaker.view.status === 'OPEN');
      assert.ok(learned >= 4);
    } finally {
      ending.abort();
      await running;
      await stop(0);
    }
  });
});
