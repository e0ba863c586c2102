import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { it } from 'node:test';
import { createPool } from '@ackline/store/pool';
import { withDatabase } from '@ackline/testkit/database';
import { scrape } from '@ackline/testkit/scrape';
import { waitFor } from '@ackline/testkit/wait-for';
import { sendUpdate, startIngress } from '../support/service.ts';

/** What an ingress reads and writes beside events. */
const TABLES = [
  'processors',
  'paused_destinations',
  'destination_states',
  'rejected_requests',
  'secret_uses',
  'published_certificates',
  'source_totals',
];

it('events are taken while all other work of an ingress waits for locks, and no more than one connection with it', async () => {
  await withDatabase(async ({ url }) => {
    const pool = createPool({
      connectionString: url,
      applicationName: 'test',
      max: 1,
      limitMs: 120_000,
      onError: () => undefined,
    });
    const agent = new Agent({ keepAlive: true });
    try {
      await using ingress = await startIngress(url);
      const refuse = () =>
        fetch(`http://127.0.0.1:${ingress.port}/webhook/telegram`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': 'wrong' },
          body: '{"update_id":0}',
        });
      const waiting = async () => {
        const { rows } = await pool.query<{ count: number }>(
          `select count(*)::int as count from pg_stat_activity
            where datname = current_database() and application_name = 'ackline-ingress' and wait_event_type = 'Lock'`,
        );
        return rows[0]?.count ?? 0;
      };
      await pool.query(`begin; lock table ${TABLES.join(', ')}`);
      assert.equal((await refuse()).status, 401);
      await waitFor(async () => (await waiting()) > 0);
      let mostWaiting = 0;
      const statuses: number[] = [];
      // Until the keeper has given up behind its lock.
      await waitFor(
        async () => {
          mostWaiting = Math.max(mostWaiting, await waiting());
          statuses.push(await sendUpdate(agent, ingress.port, statuses.length + 1));
          const metrics = await scrape(ingress.operations);
          return (
            metrics.value('ackline_ingress_rejected_requests_unkept_total', { reason: 'postgres' }) === 1
          );
        },
        { timeoutMs: 60_000 },
      );
      await pool.query('rollback');
      assert.equal(mostWaiting, 1);
      assert.deepEqual(
        statuses.filter(status => status !== 200),
        [],
      );
    } finally {
      agent.destroy();
      await pool.end();
    }
  });
});
