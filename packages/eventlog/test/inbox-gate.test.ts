import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { createCircuitBreaker } from '@ackline/shared/breaker/circuit-breaker';
import { consecutiveFailures } from '@ackline/shared/breaker/trip-rules';
import { createInboxGate, INBOX_BREAKER_FAILURES, INBOX_BREAKER_RESET_MS } from '../src/inbox-gate.ts';

const realImmediate = setImmediate;

/** PostgreSQL answers the background question as `answer` says; time is in the test's hands. */
function gated(name: string, body: (gate: ReturnType<typeof harness>) => Promise<void>): void {
  it(name, async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      await body(harness());
    } finally {
      mock.timers.reset();
    }
  });
}

function harness() {
  const postgres = { answer: (): Promise<unknown> => Promise.resolve(), asked: 0 };
  const clock = { now: 1_000_000 };
  const now = () => clock.now;
  const trouble = { told: 0 };
  const server = { mayBeUsed: true };
  const rule = consecutiveFailures(INBOX_BREAKER_FAILURES);
  const gate = createInboxGate({
    pool: {
      query: () => {
        postgres.asked += 1;
        return postgres.answer();
      },
    } as never,
    breaker: createCircuitBreaker({ rule, resetMs: INBOX_BREAKER_RESET_MS, now }),
    now,
    mayUse: () => server.mayBeUsed,
    onTrouble: () => void (trouble.told += 1),
  });
  async function pass(ms: number): Promise<void> {
    clock.now += ms;
    mock.timers.tick(ms);
    for (let i = 0; i < 5; i += 1) await new Promise<void>(resolve => realImmediate(resolve));
  }
  const fail = (): void => gate.tryAcquire()?.failure();
  return { gate, postgres, server, pass, fail, trouble };
}

const gone = () => Promise.reject(new Error('gone'));

describe('inbox gate', () => {
  gated('lets appends through, and asks nothing, while they succeed', async ({ gate, postgres, pass }) => {
    gate.tryAcquire()?.success();
    await pass(5_000);
    assert.equal(gate.isWell, true);
    assert.equal(postgres.asked, 0);
  });

  gated('lets nothing through, large or not, while PostgreSQL may not be used', async ({ gate, server }) => {
    server.mayBeUsed = false;
    assert.deepEqual(
      [gate.tryAcquire(), gate.tryAcquireLong(), gate.isOpen, gate.isWell],
      [null, null, false, false],
    );
    server.mayBeUsed = true;
    gate.tryAcquire()?.success();
    assert.equal(gate.isWell, true);
  });

  gated(
    'shuts after one failed append when PostgreSQL does not answer',
    async ({ gate, postgres, pass, fail }) => {
      postgres.answer = gone;
      fail();
      assert.equal(gate.isWell, false);
      assert.equal(gate.isOpen, true, 'one lost connection is no outage');
      await pass(1);
      assert.equal(gate.isOpen, false);
      assert.equal(gate.tryAcquire(), null);
    },
  );

  gated(
    'shuts when the question hangs, and asks again on another connection',
    async ({ gate, postgres, pass, fail }) => {
      postgres.answer = () => new Promise(() => undefined);
      fail();
      await pass(1);
      await pass(1_000);
      assert.equal(gate.isOpen, false);
      await pass(1_000);
      assert.equal(postgres.asked, 2);
    },
  );

  gated(
    'lets one append through first once PostgreSQL is back, and all when that has committed',
    async ({ gate, postgres, pass, fail }) => {
      postgres.answer = gone;
      for (let i = 0; i < INBOX_BREAKER_FAILURES; i += 1) fail();
      await pass(1);
      await pass(3_000);
      assert.equal(gate.tryAcquire(), null);
      postgres.answer = () => Promise.resolve();
      await pass(1_000);
      const probe = gate.tryAcquire();
      assert.notEqual(probe, null);
      assert.equal(gate.tryAcquire(), null, 'only the probe pays');
      probe?.success();
      assert.equal(gate.isWell, true);
      assert.notEqual(gate.tryAcquire(), null);
    },
  );

  gated(
    'stays shut to all but a probe while questions are answered and appends fail',
    async ({ gate, pass, fail }) => {
      for (let i = 0; i < INBOX_BREAKER_FAILURES; i += 1) fail();
      await pass(1);
      assert.equal(gate.tryAcquire(), null);
      await pass(INBOX_BREAKER_RESET_MS);
      const probe = gate.tryAcquire();
      assert.notEqual(probe, null);
      probe?.failure();
      assert.equal(gate.tryAcquire(), null);
    },
  );

  gated(
    'tells of a failed append, and of an unanswered question that nobody has failed for yet',
    async ({ gate, postgres, pass, fail, trouble }) => {
      gate.check();
      await pass(1);
      assert.deepEqual([postgres.asked, trouble.told], [1, 0]);
      postgres.answer = gone;
      gate.check();
      await pass(1);
      assert.equal(trouble.told, 1);
      fail();
      assert.equal(trouble.told, 1, 'nobody is asked while it is away');
      postgres.answer = () => Promise.resolve();
      await pass(1_000);
      fail();
      assert.equal(trouble.told, 2);
    },
  );

  gated(
    'tells that PostgreSQL is late before an append runs out of time, and not while others end',
    async ({ gate, pass, trouble }) => {
      gate.tryAcquire();
      gate.tryAcquire()?.success();
      await pass(100);
      assert.equal(trouble.told, 0, 'it answers others');
      const permit = gate.tryAcquire();
      await pass(100);
      assert.equal(trouble.told, 1);
      permit?.success();
      await pass(1_000);
      assert.equal(trouble.told, 1);
    },
  );

  gated(
    'lets no append through first that may take long, and hears of it when it has ended',
    async ({ gate, pass, fail }) => {
      for (let i = 0; i < INBOX_BREAKER_FAILURES; i += 1) fail();
      await pass(1);
      assert.equal(gate.tryAcquireLong(), null, 'nobody asks while it is away');
      await pass(INBOX_BREAKER_RESET_MS);
      const long = gate.tryAcquireLong();
      const late = gate.tryAcquireLong();
      const probe = gate.tryAcquire();
      assert.ok(long !== null && late !== null && probe !== null, 'nobody waits for the long one');
      probe.cancel();
      late.cancel();
      assert.equal(gate.breaker.status, 'HALF_OPEN');
      long.success();
      assert.equal(gate.breaker.status, 'CLOSED');
      for (let i = 0; i < INBOX_BREAKER_FAILURES; i += 1) gate.tryAcquireLong()?.failure();
      assert.equal(gate.isOpen, false);
    },
  );

  gated('asks no more when it is closed', async ({ gate, postgres, pass, fail }) => {
    postgres.answer = gone;
    fail();
    gate.close();
    await pass(5_000);
    assert.equal(postgres.asked, 0);
  });
});
