import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { NODE_ARGUMENTS } from '@ackline/runtime/node-arguments';
import { waitFor } from '@ackline/testkit/wait-for';
import { createChildService } from '../../src/up/child-service.ts';
import { createServiceOutput } from '../../src/up/service-output.ts';

const ENTRY = fileURLToPath(new URL('../fixtures/service.ts', import.meta.url));

function create(mode: string) {
  const pids: number[] = [];
  const restarts: string[] = [];
  const output = createServiceOutput({
    service: 'sample',
    logPath: null,
    say: () => undefined,
    pass: () => undefined,
  });
  const service = createChildService({
    name: 'sample',
    entry: ENTRY,
    environment: () => ({ PATH: process.env['PATH'], MODE: mode }),
    output,
    onSpawn: pid => pids.push(pid),
    onRestarted: () => restarts.push('again'),
  });
  return { service, pids, restarts };
}

test('a service is started, tells its ports, and drains when it is told to', async () => {
  const { service, pids } = create('serve');
  await service.start();
  assert.deepEqual([service.httpPort(), service.operationsPort()], [1234, 5678]);
  const stop = new AbortController();
  const run = service.run(stop.signal);
  stop.abort();
  await run;
  assert.throws(() => process.kill(pids[0] ?? 0, 0), { code: 'ESRCH' });
});

test('a service is started with the arguments that bound its memory', async () => {
  const { service, pids } = create('serve');
  await service.start();
  const line = readFileSync(`/proc/${pids[0]}/cmdline`, 'utf8').split('\0');
  assert.deepEqual(
    NODE_ARGUMENTS.filter(argument => !line.includes(argument)),
    [],
  );
  service.kill();
});

test('a service that refuses its configuration fails the start with its own code and words', async () => {
  const { service } = create('bad-config');
  await assert.rejects(service.start(), {
    code: 'ACKLINE_CONFIG_INVALID',
    message: 'sample: Environment: PORT must be a number',
  });
});

test('a service that dies without a word of its own fails the start with what it left', async () => {
  const { service } = create('crash');
  await assert.rejects(service.start(), {
    code: 'ACKLINE_SERVICE_FAILED',
    message: /^sample did not start \(exit code 7\).*something went wrong/s,
  });
});

test('a service that dies later ends the run, and the next run starts it again and says so', async () => {
  const { service, pids, restarts } = create('serve');
  await service.start();
  assert.deepEqual(restarts, []);
  const first = service.run(new AbortController().signal);
  process.kill(pids[0] ?? 0, 'SIGKILL');
  await assert.rejects(first, { message: 'sample ended by itself: SIGKILL' });

  const stop = new AbortController();
  const second = service.run(stop.signal);
  await waitFor(() => restarts.length === 1, { what: 'the second start' });
  assert.equal(pids.length, 2);
  stop.abort();
  await second;
});
