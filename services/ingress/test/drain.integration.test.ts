import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import { assertStored, newTally, sendUpdates, startIngress } from './support/service.ts';

const CONNECTIONS = 16;
const ANSWERS_BEFORE_SIGNAL = 200;

describe('SIGTERM under load', () => {
  it('leaves every request either answered 200 and stored, or never accepted, and exits 0', async () => {
    await withDatabase(async database => {
      await using ingress = await startIngress(database.url, { LOG_LEVEL: 'WARNING' });
      // What breaks is a connection that was cut while it was idle: its update is not stored, which is checked at the end.
      const tally = newTally();
      const senders = Array.from({ length: CONNECTIONS }, (_, sender) =>
        sendUpdates(ingress.port, {
          firstId: sender * 1_000_000,
          keepAlive: true,
          tally,
          isOver: () => false, // until the connection is refused
        }),
      );
      await waitFor(() => tally.accepted.length >= ANSWERS_BEFORE_SIGNAL, { timeoutMs: 120_000 });
      assert.deepEqual(await ingress.service.stop('SIGTERM'), { code: 0, signal: null });
      await Promise.all(senders);

      assert.deepEqual(tally.statuses, []);
      await assertStored(database.url, tally);
    });
  });
});
