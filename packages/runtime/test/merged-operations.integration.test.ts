import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, it } from 'node:test';
import { createMergedRegistry } from '@ackline/runtime/merged-operations';
import { Counter, Registry } from 'prom-client';

async function startCounting(count: number) {
  const registry = new Registry();
  new Counter({ name: 'lost_total', help: 'h', registers: [registry] }).inc(count);
  const server = createServer((_, response) => {
    void registry.getMetricsAsJSON().then(metrics => response.end(JSON.stringify(metrics)));
  });
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? null) : null;
  return {
    name: `process of ${count}`,
    operationsPort: () => port,
    [Symbol.asyncDispose]: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

describe('the merged metrics', () => {
  it('lose nothing when a process is replaced or does not answer, however many ask at once', async () => {
    await using stays = await startCounting(5);
    await using goes = await startCounting(3);
    await using comes = await startCounting(1);
    let processes = [stays, goes];
    const merged = createMergedRegistry(new Registry(), () => processes);
    const total = async () => /^lost_total (\d+)$/m.exec(await merged.metrics())?.[1];
    assert.deepEqual(await Promise.all([total(), total()]), ['8', '8']);
    await goes[Symbol.asyncDispose]();
    assert.equal(await total(), '8');
    processes = [stays, comes];
    assert.deepEqual(await Promise.all([total(), total()]), ['9', '9']);
    assert.equal(await total(), '9');
  });
});
