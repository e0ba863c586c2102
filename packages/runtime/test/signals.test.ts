import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { listenForShutdown } from '@ackline/runtime/signals';

class Source extends EventEmitter {
  readonly pid = 4711;
  readonly calls: string[] = [];
  kill(pid: number, signal: string): void {
    this.calls.push(`kill ${pid} ${signal} with ${this.listenerCount('SIGTERM')} handlers`);
  }
  exit(code: number): void {
    this.calls.push(`exit ${code}`);
  }
}

function listen(source: Source, stopWithParent = false) {
  const seen: string[] = [];
  const shutdown = listenForShutdown({
    source,
    stopWithParent,
    onDrain: reason => void seen.push(`drain ${reason}`),
    onForce: signal => void seen.push(`force ${signal}`),
  });
  return { shutdown, seen };
}

const nextTurn = () => new Promise(resolve => setImmediate(() => setImmediate(resolve)));

describe('listenForShutdown', () => {
  it('drains at the first signal and does not kill', async () => {
    const source = new Source();
    const { shutdown, seen } = listen(source);
    source.emit('SIGTERM');
    await nextTurn();
    assert.equal(shutdown.signal.aborted, true);
    assert.deepEqual(seen, ['drain SIGTERM']);
    assert.deepEqual(source.calls, []);
  });

  it('dies of the second signal, with its handlers off, and leaves by status where the kill does nothing', async () => {
    const source = new Source();
    const { seen } = listen(source);
    source.emit('SIGINT');
    source.emit('SIGTERM');
    await nextTurn();
    assert.deepEqual(seen, ['drain SIGINT', 'force SIGTERM']);
    assert.deepEqual(source.calls, ['kill 4711 SIGTERM with 0 handlers', 'exit 143']);
  });

  it('drains when the parent goes, if asked to, and never forces by that', async () => {
    const source = new Source();
    const { shutdown, seen } = listen(source, true);
    source.emit('disconnect');
    assert.equal(shutdown.signal.aborted, true);
    source.emit('disconnect');
    await nextTurn();
    assert.deepEqual(seen, ['drain disconnect']);
    assert.deepEqual(source.calls, []);
  });

  it('ignores the parent by default', () => {
    const source = new Source();
    const { shutdown } = listen(source);
    source.emit('disconnect');
    assert.equal(shutdown.signal.aborted, false);
  });

  it('leaves no handler behind after dispose', () => {
    const source = new Source();
    listen(source, true).shutdown.dispose();
    assert.deepEqual(source.eventNames(), []);
  });
});
