import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { it } from 'node:test';
import { createPool } from '@ackline/store/pool';
import { withDatabase } from '@ackline/testkit/database';
import { sendUpdate, startIngress } from '../support/service.ts';

it('an ingress that ends tells what it answered in its last minute, by tier and time', async () => {
  await withDatabase(async ({ url }) => {
    const agent = new Agent({ keepAlive: true });
    const pool = createPool({
      connectionString: url,
      applicationName: 'test',
      max: 1,
      onError: () => undefined,
    });
    try {
      {
        await using ingress = await startIngress(url);
        for (let id = 1; id <= 7; id += 1) assert.equal(await sendUpdate(agent, ingress.port, id), 200);
        assert.equal((await ingress.service.stop()).code, 0, ingress.service.output());
      }
      const { rows } = await pool.query(
        `select source, tenant, sum(accepted_kafka)::int as kafka, sum(accepted_inbox)::int as inbox,
                sum((select sum(n) from unnest(acks) n))::int as answers from source_totals group by 1, 2`,
      );
      assert.deepEqual(rows, [{ source: 'telegram', tenant: 'default', kafka: 0, inbox: 7, answers: 7 }]);
    } finally {
      agent.destroy();
      await pool.end();
    }
  });
});
