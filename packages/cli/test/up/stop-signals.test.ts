import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { withoutCopies } from '../../src/up/stop-signals.ts';

function setUp() {
  const emitter = new EventEmitter();
  const clock = { now: 10_000 };
  const received: number[] = [];
  const source = withoutCopies(
    {
      pid: 1,
      on: (event, listener) => emitter.on(event, listener),
      off: (event, listener) => emitter.off(event, listener),
      kill: () => undefined,
      exit: () => undefined,
    },
    () => clock.now,
  );
  const listener = () => received.push(clock.now);
  source.on('SIGINT', listener);
  return { emitter, clock, received, source, listener };
}

test('copies of one Ctrl-C count once, a later one counts again', () => {
  const { emitter, clock, received } = setUp();
  for (const at of [10_000, 10_005, 10_400, 11_500]) {
    clock.now = at;
    emitter.emit('SIGINT');
  }
  assert.deepEqual(received, [10_000, 11_500]);
});

test('a listener that was taken off hears nothing more', () => {
  const { emitter, received, source, listener } = setUp();
  source.off('SIGINT', listener);
  emitter.emit('SIGINT');
  assert.deepEqual(received, []);
  assert.equal(emitter.listenerCount('SIGINT'), 0);
});
