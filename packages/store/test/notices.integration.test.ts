import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DESTINATIONS_CHANNEL } from '@ackline/store/destination-states';
import { pauseDestination, resumeDestination } from '@ackline/store/destinations';
import { createNotices } from '@ackline/store/notices';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { openPool } from './rows.ts';

const APPLICATION_NAME = 'notices-test';

describe('notices', () => {
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

  async function listening(
    use: (heard: {
      readonly notices: string[];
      readonly connected: () => number;
      readonly lost: () => number;
    }) => Promise<void>,
    connectionString = database.url,
  ): Promise<void> {
    const notices: string[] = [];
    const counted = { connected: 0, lost: 0 };
    const stop = new AbortController();
    const running = createNotices({
      connectionString,
      applicationName: APPLICATION_NAME,
      channels: [DESTINATIONS_CHANNEL, 'another'],
      onNotice: channel => void notices.push(channel),
      onConnected: () => (counted.connected += 1),
      onLost: () => (counted.lost += 1),
    }).run(stop.signal);
    try {
      await use({ notices, connected: () => counted.connected, lost: () => counted.lost });
    } finally {
      stop.abort();
      await running;
    }
  }

  it('are heard of a pause and of its end, and of nothing where there was none', async () => {
    await listening(async ({ notices, connected }) => {
      await waitFor(() => connected() === 1);
      const by = { reason: 'deploy', actor: 'anna' };
      await pauseDestination(pool, 'crm', by);
      await waitFor(() => notices.length === 1);
      await pauseDestination(pool, 'crm', by);
      await resumeDestination(pool, 'erp', 'anna');
      await resumeDestination(pool, 'crm', 'anna');
      await pool.query("select pg_notify('another', 'x')");
      await waitFor(() => notices.at(-1) === 'another');
      assert.deepEqual(notices, [DESTINATIONS_CHANNEL, DESTINATIONS_CHANNEL, 'another']);
    });
  });

  it('are heard again after the connection was cut, and who listens hears that some may be missing', async () => {
    await listening(async ({ notices, connected, lost }) => {
      await waitFor(() => connected() === 1);
      await pool.query('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [
        APPLICATION_NAME,
      ]);
      await waitFor(() => connected() === 2, { timeoutMs: 20_000 });
      assert.equal(lost(), 1);
      await pool.query("select pg_notify('another', 'x')");
      await waitFor(() => notices.length === 1);
    });
  });

  it('do not end the process, nor keep it, where there is no server', async () => {
    const nowhere = 'postgres://postgres@127.0.0.1:9/none';
    await listening(async ({ connected, lost }) => {
      await waitFor(() => lost() === 1);
      assert.equal(connected(), 0);
    }, nowhere);
  });
});
