import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ChangedState, DestinationState } from '@ackline/store/destination-states';
import {
  type BreakerNews,
  createSharedBreaker,
  type SharedBreaker,
} from '../../../src/delivery/limits/shared-breaker.ts';

const CONFIG = { failures: 3, resetMs: 60_000, slowStartMs: 30_000 };
const PROBE_MS = 15_000;

function harness(config = CONFIG) {
  const clock = { now: 1_000 };
  let heard = 0;
  const breaker = createSharedBreaker('crm', config, { now: () => clock.now, onNews: () => (heard += 1) });
  return {
    clock,
    breaker,
    heard: () => heard,
    learn: (overrides: Partial<DestinationState>, asked = breaker.ask()) =>
      breaker.learn(state(overrides), asked),
  };
}
const state = (overrides: Partial<ChangedState>): ChangedState => ({
  name: 'crm',
  status: 'CLOSED',
  failures: 0,
  version: 1,
  epoch: 0,
  reopensInMs: null,
  probeEndsInMs: null,
  closedForMs: null,
  changed: false,
  ...overrides,
});
/** By a lower threshold than this one's. */
const OPEN = { status: 'OPEN', epoch: 1, version: 5, failures: 2, reopensInMs: 60_000 } as const;
const PROBING = { status: 'HALF_OPEN', epoch: 2, version: 6, failures: 3, probeEndsInMs: PROBE_MS } as const;
const fail = (breaker: SharedBreaker, times = 1) => {
  for (let n = 0; n < times; n++) breaker.tryAcquire()!.failure();
};
const reported = (news: BreakerNews | null) => {
  assert.equal(news?.kind, 'health');
  const { epoch, succeeded, failures } = news.report;
  return { epoch, succeeded, failures };
};

describe('what a processor knows of a breaker over all processors', () => {
  it('tells nobody of attempts that go well', () => {
    const { breaker, heard } = harness();
    for (let n = 0; n < 5; n++) breaker.tryAcquire()!.success();
    breaker.tryAcquire()!.cancel();
    assert.equal(heard(), 0);
    assert.equal(breaker.takeNews(), null);
  });

  it('tells of failures, and of a success where others have counted failures', () => {
    const { breaker, learn } = harness();
    fail(breaker);
    assert.deepEqual(reported(breaker.takeNews()), { epoch: 0, succeeded: false, failures: 1 });
    breaker.tryAcquire()!.success();
    breaker.answered(state({ failures: 1 }), breaker.ask());
    assert.deepEqual(reported(breaker.takeNews()), { epoch: 0, succeeded: true, failures: 0 });
    breaker.answered(state({ version: 2 }), breaker.ask());
    breaker.tryAcquire()!.success();
    assert.equal(breaker.takeNews(), null);
    learn({ failures: 2, version: 3 });
    breaker.tryAcquire()!.success();
    assert.deepEqual(reported(breaker.takeNews()), { epoch: 0, succeeded: true, failures: 0 });
  });

  it('starts nothing any more once own failures and those of others are as many as open it, written or not (BR2)', () => {
    const { breaker, learn } = harness();
    learn({ failures: 1 });
    fail(breaker);
    assert.equal(breaker.isClosed, true);
    const late = breaker.tryAcquire()!;
    fail(breaker);
    assert.equal(breaker.tryAcquire(), null);
    late.success(); // it ends while the circuit is open
    assert.deepEqual(reported(breaker.takeNews()), { epoch: 0, succeeded: false, failures: 2 });
    assert.equal(breaker.tryAcquire(), null, 'told, and not answered');
    breaker.answered(state({ version: 2, failures: 2 }), breaker.ask()); // another's success came between
    assert.equal(breaker.isClosed, true);
    fail(breaker);
    assert.equal(breaker.isClosed, false);
  });

  it('counts again what could not be told', () => {
    const { breaker } = harness();
    fail(breaker);
    const news = breaker.takeNews()!;
    fail(breaker);
    breaker.giveBack(news);
    assert.deepEqual(reported(breaker.takeNews()), { epoch: 0, succeeded: false, failures: 2 });
  });

  it('starts nothing while it is open, and asks for the probe when its time is over (BR1)', () => {
    const { clock, breaker, learn } = harness();
    learn(OPEN);
    assert.deepEqual([breaker.tryAcquire(), breaker.wantsProbe], [null, false]);
    clock.now += 60_000;
    assert.deepEqual([breaker.tryAcquire(), breaker.wantsProbe, breaker.isClosed], [null, true, false]);
    const asked = breaker.ask();
    assert.equal(breaker.takeProbe(state(PROBING), asked), false); // another's
    assert.deepEqual([breaker.tryAcquire(), breaker.wantsProbe], [null, false]);
    clock.now += PROBE_MS;
    assert.equal(breaker.wantsProbe, true);
  });

  it('takes a time that is further away than any for over, since the clock was set back, and begins its slow start now', () => {
    const dayMs = 86_400_000;
    for (const far of [
      { ...OPEN, reopensInMs: dayMs },
      { ...PROBING, probeEndsInMs: dayMs },
    ]) {
      const { breaker, learn } = harness();
      learn(far);
      assert.deepEqual([breaker.wantsProbe, breaker.view.status], [true, 'HALF_OPEN']);
    }
    const { clock, breaker, learn } = harness();
    learn({ closedForMs: -dayMs });
    assert.equal(breaker.ramp, 0);
    clock.now += 30_000;
    assert.equal(breaker.ramp, 1);
  });

  it('is shown as half open once its time is over, also where nobody has work that could probe it', () => {
    const { clock, breaker, learn } = harness();
    learn(OPEN);
    clock.now += 59_999;
    assert.equal(breaker.view.status, 'OPEN');
    clock.now += 1;
    assert.equal(breaker.view.status, 'HALF_OPEN');
    learn({ ...OPEN, reopensInMs: -3_600_000 });
    assert.deepEqual([breaker.view.status, breaker.isClosed], ['HALF_OPEN', false]);
  });

  it('starts one attempt for a probe, and what that comes to ends it (BR3)', () => {
    for (const [end, result] of [
      ['success', 'success'],
      ['failure', 'failure'],
      ['cancel', 'unused'],
    ] as const) {
      const { clock, breaker, learn } = harness();
      learn(OPEN);
      clock.now += 60_000;
      assert.equal(breaker.takeProbe(state({ ...PROBING, changed: true }), breaker.ask()), true);
      const probe = breaker.tryAcquire()!;
      assert.equal(breaker.tryAcquire(), null);
      breaker.giveUpProbe();
      assert.equal(breaker.takeNews(), null, 'an attempt has it');
      probe[end]();
      const news = breaker.takeNews();
      assert.deepEqual(news, { kind: 'probe', end: { name: 'crm', epoch: 2, result, resetMs: 60_000 } });
      assert.equal(breaker.tryAcquire(), null);
      breaker.answered(state({ version: 7, epoch: 3, closedForMs: 30_000 }), breaker.ask());
      assert.ok(breaker.tryAcquire());
    }
  });

  it('gives a probe up that no attempt was found for', () => {
    const { clock, breaker, learn } = harness();
    learn(OPEN);
    clock.now += 60_000;
    breaker.takeProbe(state({ ...PROBING, changed: true }), breaker.ask());
    breaker.giveUpProbe();
    assert.equal(breaker.tryAcquire(), null);
    const news = breaker.takeNews();
    assert.ok(news?.kind === 'probe' && news.end.result === 'unused');
    breaker.giveUpProbe();
    assert.equal(breaker.takeNews(), null);
  });

  it('starts no probe whose time is over, reckoned from before PostgreSQL was asked (BR3)', () => {
    const { clock, breaker, learn } = harness();
    learn(OPEN);
    clock.now += 60_000;
    const asked = breaker.ask();
    clock.now += PROBE_MS; // it stood still
    assert.equal(breaker.takeProbe(state({ ...PROBING, changed: true }), asked), true);
    assert.equal(breaker.tryAcquire(), null);
  });

  it('keeps the newest state, in whatever order they come (BR4)', () => {
    const { breaker, learn } = harness();
    const asked = breaker.ask();
    learn(OPEN);
    breaker.learn(state({ version: 4, epoch: 0, failures: 2 }), asked);
    breaker.learn(null, asked);
    assert.equal(breaker.view.status, 'OPEN');
  });

  it('begins with what PostgreSQL says where that has lost what it knew (BR4)', () => {
    for (const lost of [state({ version: 2 }), null]) {
      const { breaker, learn } = harness();
      learn(OPEN);
      breaker.learn(lost, breaker.ask());
      assert.ok(breaker.tryAcquire());
    }
  });

  it('counts no attempt that began in another epoch (BR5)', () => {
    const { breaker, learn } = harness();
    const slow = breaker.tryAcquire()!;
    learn({ version: 9, epoch: 3 });
    slow.failure();
    assert.equal(breaker.takeNews(), null);
    fail(breaker);
    assert.deepEqual(reported(breaker.takeNews()), { epoch: 3, succeeded: false, failures: 1 });
  });

  it('begins anew at a reset: says so first, and counts no attempt from before (BR5)', () => {
    const { breaker, learn } = harness();
    const slow = breaker.tryAcquire()!;
    learn(OPEN);
    breaker.reset(CONFIG);
    slow.failure();
    assert.deepEqual([breaker.view.status, breaker.view.failures], ['CLOSED', 0]);
    fail(breaker);
    const news = breaker.takeNews()!;
    assert.equal(news.kind, 'reset');
    breaker.giveBack(news);
    assert.deepEqual(breaker.takeNews(), { kind: 'reset', name: 'crm' });
    breaker.answered(state({ version: 6, epoch: 2 }), breaker.ask());
    fail(breaker);
    assert.deepEqual(reported(breaker.takeNews()), { epoch: 2, succeeded: false, failures: 1 });
  });

  it('is not held for ever by failures that were counted under a higher threshold', () => {
    const { breaker, learn } = harness();
    learn({ failures: 12 });
    assert.equal(breaker.isClosed, true);
    fail(breaker);
    assert.equal(breaker.isClosed, false);
  });

  it('grows from nothing to all within the slow start, and only after an opening', () => {
    const { clock, breaker, learn } = harness();
    assert.equal(breaker.ramp, 1);
    learn({ version: 9, epoch: 3, closedForMs: 3_000 });
    assert.equal(breaker.ramp, 0.1);
    clock.now += 12_000;
    assert.equal(breaker.ramp, 0.5);
    clock.now += 60_000;
    assert.equal(breaker.ramp, 1);
    const without = harness({ ...CONFIG, slowStartMs: 0 });
    without.learn({ version: 9, epoch: 3, closedForMs: 0 });
    assert.equal(without.breaker.ramp, 1);
  });
});
