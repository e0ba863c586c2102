import { describe, it } from 'node:test';
import { withDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import { openRaw } from '../support/raw-http.ts';
import { startIngress } from '../support/service.ts';

describe('the bound on connections, with several processes', () => {
  it('closes one that is over it and counts it, instead of handing it round for ever', async () => {
    await withDatabase(async database => {
      await using ingress = await startIngress(database.url, {
        INGRESS_PROCESSES: '2',
        WEBHOOK_MAX_CONNECTIONS: '1',
      });
      {
        using first = await openRaw(ingress.port);
        using second = await openRaw(ingress.port);
        using third = await openRaw(ingress.port);
        await Promise.race([first.closed, second.closed, third.closed]);
      }
      await waitFor(async () => {
        const metrics = await (await fetch(`${ingress.operations}/metrics`)).text();
        return /rejects_total\{[^}]*reason="too_many_connections"[^}]*\} [1-9]/.test(metrics);
      });
      await waitFor(() =>
        ingress.health().then(
          ({ status }) => status === 'healthy',
          () => false,
        ),
      );
    });
  });
});
