import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { describe, it } from 'node:test';
import { migrate } from '@ackline/store/migrate';
import { startKafka } from '@ackline/testkit/containers';
import { createTestDatabase } from '@ackline/testkit/database';
import { startTcpProxy } from '@ackline/testkit/tcp-proxy';
import { waitFor } from '@ackline/testkit/wait-for';
import { type RunningIngress, sendUpdate, startIngress } from './support/service.ts';

const SLOW = { timeoutMs: 60_000 };

interface ShownLog {
  readonly tier_in_use: string;
  readonly postgres: string;
  readonly appended: Readonly<Record<string, number>>;
}

const logOf = async (ingress: RunningIngress) => (await ingress.health())['event_log'] as ShownLog;

/** What is left of a release that went out during an outage of PostgreSQL, so that its migration did not run. */
describe('an ingress on Kafka alone', { timeout: 600_000 }, () => {
  it('answers every webhook when PostgreSQL comes back without its schema, and has it behind Kafka once it is migrated', async () => {
    await using broker = await startKafka();
    const database = await createTestDatabase({ migrated: false });
    const target = new URL(database.url);
    const proxy = await startTcpProxy({ host: target.hostname, port: Number(target.port) });
    target.hostname = '127.0.0.1';
    target.port = String(proxy.port);
    const agent = new Agent({ keepAlive: false });
    await proxy.cut();
    try {
      await using ingress = await startIngress(target.href, {
        KAFKA_BROKERS: broker.brokers,
        KAFKA_DURABILITY: 'single-node',
      });
      let sent = 0;
      const send = async () => assert.equal(await sendUpdate(agent, ingress.port, (sent += 1)), 200);
      await send();
      await proxy.heal();
      await waitFor(async () => {
        await send();
        return (await logOf(ingress)).postgres === 'refused';
      }, SLOW);
      // Asked again and again, and refused each time.
      await waitFor(() => ingress.logged('postgres.refused').length > 0, SLOW);
      await send();
      const shown = await logOf(ingress);
      assert.equal(shown.tier_in_use, 'kafka');
      assert.deepEqual(shown.appended, { kafka: sent, inbox: 0, spool: 0 });
      assert.equal((await fetch(`${ingress.operations}/readyz`)).status, 200);

      await migrate(database.url);
      await waitFor(async () => (await logOf(ingress)).postgres === 'ready', SLOW);
      await broker.kill();
      await waitFor(async () => (await sendUpdate(agent, ingress.port, (sent += 1))) === 200, SLOW);
      await waitFor(async () => (await logOf(ingress)).appended['inbox'] !== 0, SLOW);
      assert.deepEqual(await ingress.service.stop(), { code: 0, signal: null }, ingress.service.output());
    } finally {
      agent.destroy();
      await proxy.close();
      await database.close();
    }
  });
});
