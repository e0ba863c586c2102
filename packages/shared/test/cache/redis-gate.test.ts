import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRedisGate, FAILED } from '../../src/cache/redis-gate.ts';

/** A gate whose time only the test moves. */
function setUp() {
  const clock = { epoch: 1_000_000, ms: 0 };
  const timers: { at: number; callback: () => void }[] = [];
  const gate = createRedisGate({
    now: () => clock.epoch,
    timer: {
      now: () => clock.ms,
      after: (ms, callback) => void timers.push({ at: clock.ms + ms, callback }),
    },
  });
  const pass = (ms: number) => {
    clock.ms += ms;
    for (const timer of timers.filter(({ at }) => at <= clock.ms)) {
      timers.splice(timers.indexOf(timer), 1);
      timer.callback();
    }
  };
  return { clock, gate, timers, pass };
}

const hang = () => new Promise<string>(() => {});
const refuse = () => Promise.reject(new Error('ECONNREFUSED'));
const echo = (text: string) => () => Promise.resolve(text);

describe('the way to Redis', () => {
  it('gives the answer of a call', async () => {
    const { gate } = setUp();
    assert.equal(await gate.ask(echo('value')), 'value');
    assert.equal(gate.getStats().breaker.status, 'CLOSED');
  });

  it('gives a call up after 20 ms, each after its own', async () => {
    const { gate, pass } = setUp();
    const done: string[] = [];
    const first = Promise.resolve(gate.ask(hang)).then(() => done.push('first'));
    pass(10);
    const second = Promise.resolve(gate.ask(hang)).then(() => done.push('second'));
    pass(9);
    await new Promise(setImmediate);
    assert.deepEqual(done, []);
    pass(1);
    await first;
    assert.deepEqual(done, ['first']);
    pass(10);
    await second;
    assert.equal(gate.getStats().timeouts, 2);
    assert.equal(gate.getStats().errors, 0);
  });

  it('has one timer for all calls, and none once they have their answers', async () => {
    const { gate, timers, pass } = setUp();
    for (let n = 0; n < 100; n++) await gate.ask(echo('value'));
    assert.equal(timers.length, 1);
    pass(20);
    assert.equal(timers.length, 0);
    assert.equal(gate.getStats().timeouts, 0);
  });

  it('ignores an answer after the limit, also one that is an error', async () => {
    const { gate, pass } = setUp();
    let fail: (error: Error) => void = () => {};
    const late = gate.ask(() => new Promise((_, reject) => (fail = reject)));
    pass(20);
    assert.equal(await late, FAILED);
    fail(new Error('late'));
    await new Promise(setImmediate);
    assert.equal(gate.getStats().errors, 0);
  });

  it('gives calls their time again when the process itself was busy', async () => {
    const { gate, pass } = setUp();
    let answer: (text: string) => void = () => {};
    const call = gate.ask(() => new Promise<string>(resolve => (answer = resolve)));
    const hanging = gate.ask(hang);
    pass(500);
    answer('value');
    assert.equal(await call, 'value');
    pass(20);
    assert.equal(await hanging, FAILED);
    assert.equal(gate.getStats().timeouts, 1);
  });

  it('counts a call that fails or throws at once, and rejects nothing', async () => {
    const { gate } = setUp();
    assert.equal(await gate.ask(refuse), FAILED);
    const throwing = gate.ask(() => {
      throw new Error('closed');
    });
    assert.equal(await throwing, FAILED);
    assert.equal(gate.getStats().errors, 2);
  });

  it('is closed after ten failures, says so at once, and lets one call through five seconds later', async () => {
    const { gate, clock } = setUp();
    for (let n = 0; n < 10; n++) await gate.ask(refuse);
    assert.equal(gate.ask(echo('value')), FAILED);
    assert.equal(gate.getStats().skipped, 1);
    assert.equal(gate.getStats().breaker.status, 'OPEN');
    clock.epoch += 5_000;
    const probe = gate.ask(echo('value'));
    assert.equal(gate.ask(echo('value')), FAILED, 'one probe at a time');
    assert.equal(await probe, 'value');
    assert.equal(await gate.ask(echo('value')), 'value');
  });

  it('lets a thousand calls wait, and no more', async () => {
    const { gate, pass } = setUp();
    const waiting = Array.from({ length: 1_000 }, () => gate.ask(hang));
    assert.equal(gate.ask(echo('value')), FAILED);
    assert.equal(gate.getStats().skipped, 1);
    pass(20);
    for (const call of waiting) assert.equal(await call, FAILED);
  });
});
