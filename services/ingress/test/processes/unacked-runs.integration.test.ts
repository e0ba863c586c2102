import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { describe, it } from 'node:test';
import { withDatabase } from '@ackline/testkit/database';
import { scrape } from '@ackline/testkit/scrape';
import { sendUpdate, startIngress } from '../support/service.ts';

const RUN = 'ackline_ingress_unacked_requests';
const SOURCE = { source: 'telegram' };

describe('webhooks that several processes refuse in a row', () => {
  it('are one run, which one 2xx of any of them ends', async () => {
    await withDatabase(async database => {
      await using ingress = await startIngress(database.url, { INGRESS_PROCESSES: '2' });
      const url = `http://127.0.0.1:${ingress.port}/webhook/telegram`;
      const headers = {
        'content-type': 'application/json',
        'x-telegram-bot-api-secret-token': 'of-another-bot',
        connection: 'close',
      };
      for (let sent = 0; sent < 6; sent += 1) {
        assert.equal((await fetch(url, { method: 'POST', headers, body: '{}' })).status, 401);
      }
      assert.equal((await scrape(ingress.operations)).value(RUN, SOURCE), 6);
      const agent = new Agent({ keepAlive: false });
      assert.equal(await sendUpdate(agent, ingress.port, 1), 200);
      assert.equal((await scrape(ingress.operations)).value(RUN, SOURCE), 0);
      assert.equal((await ingress.service.stop()).code, 0, ingress.service.output());
    });
  });
});
