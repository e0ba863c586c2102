import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { aborted } from '@ackline/runtime/aborted';
import type { Component } from '@ackline/runtime/component';
import { createHealthRegistry } from '@ackline/runtime/health';
import { createLogger } from '@ackline/runtime/logger';
import { background, supervise } from '@ackline/runtime/supervisor';

const QUICK = { firstMs: 1, maxMs: 4, stableAfterMs: 1_000 };

function capturedLog() {
  const lines: Record<string, unknown>[] = [];
  const log = createLogger({
    service: 'test',
    level: 'info',
    destination: { write: line => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  return { log, lines };
}

describe('supervise', () => {
  it('starts a component that threw again, while the others run on', async () => {
    const { log, lines } = capturedLog();
    const stop = new AbortController();
    const health = createHealthRegistry();
    let starts = 0;
    let steadyStarts = 0;
    const failing: Component = {
      name: 'consumer',
      async run(signal) {
        starts += 1;
        if (starts < 3) throw new Error('broker away');
        stop.abort();
        await aborted(signal);
      },
    };
    const steady: Component = {
      name: 'steady',
      async run(signal) {
        steadyStarts += 1;
        await aborted(signal);
      },
    };

    await supervise([failing, steady], { signal: stop.signal, log, health, backoff: QUICK });

    assert.equal(starts, 3);
    assert.equal(steadyStarts, 1);
    assert.deepEqual(
      lines.map(line => [line['msg'], line['component'], line['restartInMs']]),
      [
        ['component.failed', 'consumer', 1],
        ['component.failed', 'consumer', 2],
      ],
    );
  });

  it('shows a failed component in readiness until it has run as long as its last wait', async () => {
    const { log } = capturedLog();
    const stop = new AbortController();
    const health = createHealthRegistry();
    health.markStarted();
    const seen: boolean[] = [];
    let starts = 0;
    const component: Component = {
      name: 'consumer',
      async run(signal) {
        starts += 1;
        seen.push(health.snapshot().ready);
        if (starts === 1) throw new Error('broker away');
        while (!health.snapshot().ready) await new Promise(resolve => setImmediate(resolve));
        seen.push(health.snapshot().ready);
        stop.abort();
        await aborted(signal);
      },
    };

    await supervise([component], { signal: stop.signal, log, health, backoff: QUICK });

    assert.deepEqual(seen, [true, false, true]);
  });

  it('treats a component that ends before the signal as failed', async () => {
    const { log, lines } = capturedLog();
    const stop = new AbortController();
    let starts = 0;
    const component: Component = {
      name: 'brief',
      async run() {
        starts += 1;
        if (starts === 2) stop.abort();
      },
    };

    await supervise([component], {
      signal: stop.signal,
      log,
      health: createHealthRegistry(),
      backoff: QUICK,
    });

    assert.equal(starts, 2);
    assert.equal(lines.length, 1);
  });

  it('bounds the wait between restarts, and starts over after a stable run', async () => {
    const { log, lines } = capturedLog();
    const stop = new AbortController();
    let clockMs = 0;
    let starts = 0;
    const component: Component = {
      name: 'consumer',
      async run() {
        starts += 1;
        if (starts === 5) clockMs += 5_000;
        if (starts === 7) stop.abort();
        throw new Error('broker away');
      },
    };

    await supervise([component], {
      signal: stop.signal,
      log,
      health: createHealthRegistry(),
      backoff: QUICK,
      now: () => clockMs,
    });

    const waits = lines.filter(line => line['msg'] === 'component.failed').map(line => line['restartInMs']);
    assert.deepEqual(waits, [1, 2, 4, 4, 1, 2]);
  });

  it('ends at once when the signal aborts during a wait', async () => {
    const { log } = capturedLog();
    const stop = new AbortController();
    const component: Component = {
      name: 'consumer',
      async run() {
        setImmediate(() => stop.abort());
        throw new Error('broker away');
      },
    };
    const hour = { firstMs: 3_600_000, maxMs: 3_600_000, stableAfterMs: 1_000 };

    await supervise([component], { signal: stop.signal, log, health: createHealthRegistry(), backoff: hour });
  });
});

describe('components in the background', () => {
  it('run until their place in the order of closing, and what was opened before them is closed once they have ended', async () => {
    const order: string[] = [];
    const component = (name: string): Component => ({
      name,
      async run(signal) {
        order.push(`${name} runs`);
        await aborted(signal);
        await Promise.resolve();
        order.push(`${name} has ended`);
      },
    });
    const opened = new AsyncDisposableStack();
    const { log } = capturedLog();
    opened.defer(() => void order.push('the pool ends'));
    background([component('asking')], { opened, log, health: createHealthRegistry() });
    opened.defer(() => void order.push('the port closes'));
    await opened.disposeAsync();
    assert.deepEqual(order, ['asking runs', 'the port closes', 'asking has ended', 'the pool ends']);
  });
});
