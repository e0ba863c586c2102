import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BreakerChange, createCircuitBreaker, type Permit } from '../../src/breaker/circuit-breaker.ts';
import { consecutiveFailures } from '../../src/breaker/trip-rules.ts';

const RESET_MS = 60_000;

function setUp({ failures = 3, probes = 1 } = {}) {
  const clock = { ms: 1_000_000 };
  const changes: BreakerChange[] = [];
  const breaker = createCircuitBreaker({
    rule: consecutiveFailures(failures),
    resetMs: RESET_MS,
    probes,
    now: () => clock.ms,
    onChange: change => changes.push(change),
  });
  const acquire = (): Permit => {
    const permit = breaker.tryAcquire();
    assert.ok(permit, 'a permit was expected');
    return permit;
  };
  const trip = () => {
    for (let n = 0; n < failures; n++) acquire().failure();
  };
  const halfOpen = (): Permit => {
    trip();
    clock.ms += RESET_MS;
    return acquire();
  };
  return { clock, changes, breaker, acquire, trip, halfOpen };
}

describe('a closed breaker', () => {
  it('opens after exactly the threshold of failures in a row', () => {
    const { breaker, acquire, clock } = setUp();
    acquire().failure();
    acquire().failure();
    assert.deepEqual(breaker.state, { status: 'CLOSED', failures: 2, threshold: 3 });
    acquire().failure();
    assert.deepEqual(breaker.state, {
      status: 'OPEN',
      failures: 3,
      threshold: 3,
      reopensAt: clock.ms + RESET_MS,
    });
  });

  it('does not open when successes come between the failures', () => {
    const { breaker, acquire } = setUp();
    for (let n = 0; n < 20; n++) {
      acquire().failure();
      acquire().failure();
      acquire().success();
    }
    assert.deepEqual(breaker.state, { status: 'CLOSED', failures: 0, threshold: 3 });
  });

  it('has no limit on permits, and a cancelled one counts neither way', () => {
    const { breaker, acquire } = setUp();
    acquire().failure();
    for (const permit of Array.from({ length: 1_000 }, acquire)) permit.cancel();
    assert.equal(breaker.state.failures, 1);
  });

  it('counts each permit once, whatever is reported after the first outcome', () => {
    const { breaker, acquire } = setUp();
    const permit = acquire();
    permit.failure();
    permit.failure();
    permit.failure();
    permit.success();
    permit.cancel();
    assert.equal(breaker.state.failures, 1);
  });
});

describe('an open breaker', () => {
  it('gives no permit one millisecond before the reset time, and one at the reset time', () => {
    const { breaker, trip, clock } = setUp();
    trip();
    clock.ms += RESET_MS - 1;
    assert.equal(breaker.tryAcquire(), null);
    assert.equal(breaker.state.status, 'OPEN');
    clock.ms += 1;
    assert.ok(breaker.tryAcquire());
    assert.equal(breaker.state.status, 'HALF_OPEN');
  });

  it('is not closed by a success, nor kept open by a failure, of a call that began before the trip', () => {
    const { breaker, acquire, trip, clock } = setUp();
    const slowSuccess = acquire();
    const slowFailure = acquire();
    trip();
    const opened = breaker.state;
    clock.ms += 500;
    slowSuccess.success();
    slowFailure.failure();
    assert.deepEqual(breaker.state, opened);
  });

  it('opens for one reset time at most when the clock is set back', () => {
    const { breaker, trip, clock } = setUp();
    trip();
    clock.ms -= 3_600_000;
    assert.equal(breaker.tryAcquire(), null);
    clock.ms += RESET_MS;
    assert.ok(breaker.tryAcquire());
  });
});

describe('a half-open breaker', () => {
  it('gives one probe and refuses the rest without waiting', () => {
    const { breaker, halfOpen } = setUp();
    halfOpen();
    assert.equal(breaker.tryAcquire(), null);
    assert.equal(breaker.tryAcquire(), null);
  });

  it('closes and forgets the failures when the probe succeeds', () => {
    const { breaker, halfOpen, acquire } = setUp();
    halfOpen().success();
    assert.deepEqual(breaker.state, { status: 'CLOSED', failures: 0, threshold: 3 });
    acquire().failure();
    assert.equal(breaker.state.status, 'CLOSED');
  });

  it('opens for a whole reset time again when the probe fails', () => {
    const { breaker, halfOpen, clock } = setUp();
    const probe = halfOpen();
    clock.ms += 5_000;
    probe.failure();
    assert.deepEqual(breaker.state, {
      status: 'OPEN',
      failures: 4,
      threshold: 3,
      reopensAt: clock.ms + RESET_MS,
    });
    assert.equal(breaker.tryAcquire(), null);
  });

  it('gives the probe to somebody else when it was cancelled', () => {
    const { breaker, halfOpen } = setUp();
    halfOpen().cancel();
    assert.equal(breaker.state.status, 'HALF_OPEN');
    assert.ok(breaker.tryAcquire());
    assert.equal(breaker.tryAcquire(), null);
  });

  it('ignores a failure of a call that began before the trip', () => {
    const { breaker, acquire, halfOpen } = setUp();
    const slow = acquire();
    const probe = halfOpen();
    slow.failure();
    assert.equal(breaker.state.status, 'HALF_OPEN');
    probe.success();
    assert.equal(breaker.state.status, 'CLOSED');
  });

  it('tries again one reset time after a probe that never reported, and ignores its late answer', () => {
    const { breaker, halfOpen, clock, changes } = setUp();
    const lost = halfOpen();
    clock.ms += RESET_MS - 1;
    assert.equal(breaker.tryAcquire(), null);
    clock.ms += 1;
    const second = breaker.tryAcquire();
    assert.ok(second);
    lost.failure();
    assert.equal(breaker.state.status, 'HALF_OPEN');
    assert.equal(changes.at(-1)?.from, 'OPEN', 'half open to half open is no change to tell');
    second.success();
    assert.equal(breaker.state.status, 'CLOSED');
  });

  it('with three probes closes on the third success only, and never has more than three out', () => {
    const { breaker, halfOpen, acquire } = setUp({ probes: 3 });
    const probes = [halfOpen(), acquire(), acquire()];
    assert.equal(breaker.tryAcquire(), null);
    probes[0]?.success();
    assert.equal(breaker.tryAcquire(), null);
    probes[1]?.success();
    assert.equal(breaker.state.status, 'HALF_OPEN');
    probes[2]?.success();
    assert.equal(breaker.state.status, 'CLOSED');
  });

  it('with three probes opens on the first failure, and the other probes then change nothing', () => {
    const { breaker, halfOpen, acquire } = setUp({ probes: 3 });
    const [first, second, third] = [halfOpen(), acquire(), acquire()];
    first.success();
    second.failure();
    const opened = breaker.state;
    third.success();
    assert.deepEqual(breaker.state, opened);
  });
});

describe('onChange', () => {
  it('hears each change once, when the state is already the new one', () => {
    const seen: string[] = [];
    const clock = { ms: 0 };
    const breaker = createCircuitBreaker({
      rule: consecutiveFailures(1),
      now: () => clock.ms,
      onChange: change => seen.push(`${change.from}>${change.state.status}=${breaker.state.status}`),
    });
    breaker.tryAcquire()?.failure();
    clock.ms += 60_000;
    breaker.tryAcquire()?.failure();
    clock.ms += 60_000;
    breaker.tryAcquire()?.success();
    assert.deepEqual(seen, [
      'CLOSED>OPEN=OPEN',
      'OPEN>HALF_OPEN=HALF_OPEN',
      'HALF_OPEN>OPEN=OPEN',
      'OPEN>HALF_OPEN=HALF_OPEN',
      'HALF_OPEN>CLOSED=CLOSED',
    ]);
  });

  it('hears the failures and the time of the next probe when the circuit opens', () => {
    const { changes, trip, clock } = setUp();
    trip();
    assert.deepEqual(changes, [
      {
        from: 'CLOSED',
        state: { status: 'OPEN', failures: 3, threshold: 3, reopensAt: clock.ms + RESET_MS },
      },
    ]);
  });
});

describe('breaker options', () => {
  for (const [name, options, message] of [
    ['a reset time of nothing', { resetMs: 0 }, 'resetMs should be an integer in [1, 86400000], got 0'],
    [
      'a reset time over a day',
      { resetMs: 86_400_001 },
      'resetMs should be an integer in [1, 86400000], got 86400001',
    ],
    ['no probe at all', { probes: 0 }, 'probes should be an integer in [1, 100], got 0'],
    ['half a probe', { probes: 0.5 }, 'probes should be an integer in [1, 100], got 0.5'],
  ] as const) {
    it(`refuse ${name}, naming the interval`, () => {
      assert.throws(() => createCircuitBreaker({ rule: consecutiveFailures(), now: () => 0, ...options }), {
        name: 'RangeError',
        message,
      });
    });
  }
});
