import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTestDatabase } from '@ackline/testkit/database';
import { CANARY, findCanaries } from './canary.ts';
import {
  lookAtPorts,
  reloadBadFiles,
  runCommands,
  sendEverything,
  untilAllFailed,
  withBadRecords,
  withRefusingCollector,
  withoutDatabase,
  withRefusingDatabase,
} from './canary-run.ts';
import { startCanarySystem } from './system.ts';

describe('a secret, a phone number and a text that go through every path and failure', {
  timeout: 420_000,
}, () => {
  it('are in no log line, metric, span, health report, answer or list of a command', async () => {
    const database = await createTestDatabase();
    try {
      await using system = await startCanarySystem({ databaseUrl: database.url });
      await sendEverything(system);
      await withoutDatabase(system);
      await withRefusingDatabase(system);
      await withBadRecords(system);
      await withRefusingCollector(system);
      await untilAllFailed(system);
      await runCommands(system);
      await reloadBadFiles(system);
      await lookAtPorts(system);
      const services = [system.spooling.service, system.bare.service, system.processor];
      for (const service of services) assert.deepEqual(await service.stop(), { code: 0, signal: null });

      // Nothing was found because nothing was logged: the lines that teams know are all there.
      const logs = services.map(service => service.output()).join('\n');
      for (const words of [
        'Webhook queued for processing: telegram"',
        'Webhook response time: 0.',
        'Circuit breaker OPEN - 3 failures"',
        'Background processing completed: ',
        'Worker error processing webhook: ',
      ]) {
        assert.ok(logs.includes(`"msg":"${words}`), words);
      }

      const spans = new Set(system.collector.spans().map(({ name }) => name));
      for (const name of [
        'POST /webhook/telegram',
        'append',
        'append inbox',
        'append spool',
        'relay spool',
        'process batch',
        'process inbox',
        'transaction',
        'POST',
        'transform reshaped',
      ]) {
        assert.ok(spans.has(name), `${name} is none of ${[...spans].join(', ')}`);
      }

      // They were there: what was delivered has all of them.
      const delivered = system.receiver.requests.map(({ url, rawHeaders, body }) => ({
        name: 'deliveries',
        read: () => `${url}\n${JSON.stringify(rawHeaders)}\n${body.toString()}`,
      }));
      const seen = (await findCanaries(delivered)).join('\n');
      for (const what of Object.keys(CANARY).filter(name => name !== 'chat')) {
        assert.match(seen, new RegExp(`deliveries: ${what} in`), what);
      }
      assert.deepEqual(await findCanaries(system.sinks), []);
    } finally {
      await database.close();
    }
  });
});
