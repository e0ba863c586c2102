import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withDatabase } from '@ackline/testkit/database';
import { startIngress, workerPids } from '../support/service.ts';

describe('a worker that hangs in the drain', () => {
  // Takes the whole drain deadline, which no setting shortens; the machine is idle meanwhile.
  it('is killed, and its parent names it and exits 1', async () => {
    await withDatabase(async database => {
      await using ingress = await startIngress(database.url, { INGRESS_PROCESSES: '2' });
      const workers = workerPids(ingress);
      process.kill(workers[0] ?? 0, 'SIGSTOP');
      assert.deepEqual(await ingress.service.stop('SIGTERM'), { code: 1, signal: null });
      assert.deepEqual(
        ingress.logged('worker.killed').map(line => line['worker']),
        ['worker 1'],
      );
      assert.match(ingress.service.output(), /killed in the drain: worker 1/);
      for (const pid of workers) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
    });
  });
});
