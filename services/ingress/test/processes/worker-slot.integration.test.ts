import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, it } from 'node:test';
import { waitFor } from '@ackline/testkit/wait-for';
import type { WorkerProcess } from '../../src/processes/worker-process.ts';
import { createWorkerSlot } from '../../src/processes/worker-slot.ts';

interface FakeWorker extends WorkerProcess {
  readonly told: string[];
  markStarted(): void;
  end(how: string): void;
}

/** A process that starts and ends when the test says so, and is ready at once. */
function createWorker(pid: number, port: number): FakeWorker {
  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<string>();
  started.promise.catch(() => undefined);
  let over = false;
  const told: string[] = [];
  const end = (how: string) => {
    over = true;
    started.reject(new Error(how));
    ended.resolve(how);
  };
  return {
    name: `worker ${pid}`,
    pid,
    told,
    started: started.promise,
    ended: ended.promise,
    operationsPort: () => (over ? null : port),
    httpPort: () => 1,
    hasEnded: () => over,
    tell: message => void told.push(message.kind),
    kill: () => end('SIGKILL'),
    markStarted: () => started.resolve(),
    end,
  };
}

async function startSlot(retireMs = 60_000) {
  const ready = createServer((_, response) => void response.end('{}'));
  await new Promise<void>(resolve => void ready.listen(0, '127.0.0.1', resolve));
  const address = ready.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const forked: FakeWorker[] = [];
  const slot = createWorkerSlot({
    name: 'slot',
    fork() {
      const worker = createWorker(forked.length + 1, port);
      forked.push(worker);
      return worker;
    },
    drainLimitMs: 60_000,
    retireMs,
    onRetired() {
      for (const worker of forked) worker.told.push('(read)');
      return Promise.resolve();
    },
    onChange: () => undefined,
    onHung: () => undefined,
  });
  const starting = slot.start();
  forked[0]?.markStarted();
  await starting;
  const stop = new AbortController();
  return {
    slot,
    forked,
    stop,
    running: slot.run(stop.signal),
    [Symbol.asyncDispose]: () =>
      new Promise<void>(resolve => {
        for (const worker of forked) worker.kill();
        ready.close(() => resolve());
        ready.closeAllConnections();
      }),
  };
}

describe('the place of a worker', () => {
  it('starts no process once it was drained', async () => {
    await using place = await startSlot();
    place.stop.abort();
    await waitFor(() => place.forked[0]?.told.includes('drain') === true);
    await place.slot.replace();
    assert.equal(place.forked.length, 1);
    place.forked[0]?.end('exit code 0');
    await place.running;
    await place.slot.replace();
    assert.equal(place.forked.length, 1);
  });

  it('drains a replacement that is being started when it stops, once', async () => {
    await using place = await startSlot();
    const replacing = place.slot.replace();
    place.stop.abort();
    await waitFor(() => place.forked.every(worker => worker.told.includes('drain')));
    place.forked[1]?.markStarted();
    await replacing;
    for (const worker of place.forked) worker.end('exit code 0');
    await place.running;
    assert.deepEqual(
      place.forked.map(worker => worker.told),
      [['drain'], ['drain']],
    );
  });

  it('has what a replaced process counted read before it drains', async () => {
    await using place = await startSlot(1);
    const replacing = place.slot.replace();
    place.forked[1]?.markStarted();
    await waitFor(() => place.forked[0]?.told.includes('drain') === true);
    assert.deepEqual(place.forked[0]?.told, ['retire', '(read)', 'drain']);
    place.forked[0]?.end('exit code 0');
    await replacing;
    place.stop.abort();
    place.forked[1]?.end('exit code 0');
    await place.running;
  });

  it('drains a process once that is being replaced when it stops', async () => {
    await using place = await startSlot();
    const replacing = place.slot.replace();
    place.forked[1]?.markStarted();
    await waitFor(() => place.forked[0]?.told.includes('retire') === true);
    place.stop.abort();
    await waitFor(() => place.forked.every(worker => worker.told.includes('drain')));
    for (const worker of place.forked) worker.end('exit code 0');
    await Promise.all([replacing, place.running]);
    assert.deepEqual(
      place.forked.map(worker => worker.told.filter(word => word === 'drain')),
      [['drain'], ['drain']],
    );
  });

  it('has one process when the old one died while its replacement started', async () => {
    await using place = await startSlot();
    const replacing = place.slot.replace();
    place.forked[0]?.end('SIGKILL');
    const restarted = place.running.catch(() => place.slot.run(place.stop.signal)); // as the supervisor does
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    for (const worker of place.forked) worker.markStarted();
    await replacing;
    assert.deepEqual(
      place.slot.processes().map(worker => worker.name),
      ['worker 2'],
    );
    place.stop.abort();
    await waitFor(() => place.forked[1]?.told.includes('drain') === true);
    place.forked[1]?.end('exit code 0');
    await restarted;
    assert.equal(place.forked.length, 2);
  });

  it('is started again when the old one died and its replacement did too', async () => {
    await using place = await startSlot();
    const replacing = place.slot.replace();
    place.forked[0]?.end('SIGSEGV');
    place.forked[1]?.end('exit code 1');
    await assert.rejects(replacing);
    await assert.rejects(place.running, /worker 1 ended by itself: SIGSEGV/);
  });
});
