import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ReplaySeen, ReplayStep } from '@ackline/store/replay-release';
import { MAX_OPEN, nextStep } from '../../src/replaying/replay-pace.ts';

const NO_TRICKLE = { size: 5, sent: 0, open: 0, failure: null };

function seen(
  overrides: Partial<Omit<ReplaySeen, 'trickle'>>,
  trickle: Partial<ReplaySeen['trickle']> = {},
): ReplaySeen {
  return {
    state: 'running',
    ratePerS: 50,
    sinceMs: 1_000,
    left: 1_000,
    open: 0,
    ...overrides,
    trickle: { ...NO_TRICKLE, ...trickle },
  };
}

function limitOf(step: ReplayStep): number | string {
  if (step.kind === 'wait') return `wait for ${step.for}`;
  return step.kind === 'release' ? step.limit : step.kind;
}

describe('the trickle of a replay', () => {
  const trickle = (of: Partial<ReplaySeen['trickle']>, overrides: Partial<ReplaySeen> = {}) =>
    nextStep(seen({ state: 'trickle', ...overrides }, of));

  it('goes first, and nothing beyond it', () => {
    assert.equal(limitOf(trickle({})), 5);
    assert.equal(limitOf(trickle({ sent: 3 }, { open: 3 })), 2, 'where some of it was skipped');
    assert.equal(limitOf(trickle({ sent: 5, open: 1 }, { open: 1 })), 'wait for deliveries');
  });

  it('lets the others go once all of it has arrived', () => {
    assert.equal(limitOf(trickle({ sent: 5 })), 'run');
  });

  it('stops the replay where one of it fails, with the reason, though others are under way', () => {
    assert.deepEqual(trickle({ sent: 2, open: 2, failure: 'crm 503' }), { kind: 'stop', reason: 'crm 503' });
  });

  it('is all of a replay that has no more', () => {
    assert.equal(limitOf(trickle({ sent: 2, open: 1 }, { left: 0 })), 'wait for deliveries');
    assert.equal(limitOf(trickle({ sent: 2 }, { left: 0 })), 'done');
    assert.equal(limitOf(trickle({ sent: 2, open: 1, failure: 'crm 503' }, { left: 0 })), 'stop');
  });
});

describe('a replay that runs', () => {
  it('releases what its rate has time for, and waits for the rest of it', () => {
    assert.equal(limitOf(nextStep(seen({ sinceMs: 100 }))), 5);
    assert.equal(limitOf(nextStep(seen({ sinceMs: 19 }))), 'wait for rate');
  });

  it('makes up for one second of standing still, not for more', () => {
    assert.equal(limitOf(nextStep(seen({ sinceMs: 3_600_000 }))), 50);
  });

  it('comes to a whole delivery at a rate under one a second too', () => {
    assert.equal(limitOf(nextStep(seen({ ratePerS: 0.1, sinceMs: 9_999 }))), 'wait for rate');
    assert.equal(limitOf(nextStep(seen({ ratePerS: 0.1, sinceMs: 10_000 }))), 1);
  });

  it('comes to a whole delivery at each rate that can be asked for, however that is rounded', () => {
    const rates = Array.from({ length: 100_000 }, (_, n) => (n + 1) / 100_000);
    const standing = rates.filter(
      ratePerS => limitOf(nextStep(seen({ ratePerS, sinceMs: 1e12 }))) === 'wait for rate',
    );
    assert.deepEqual(standing, []);
  });

  it('never has more than a hundred that are released and not finished', () => {
    assert.equal(limitOf(nextStep(seen({ ratePerS: 10_000 }))), MAX_OPEN);
    assert.equal(limitOf(nextStep(seen({ ratePerS: 10_000, open: 97 }))), 3);
    assert.equal(limitOf(nextStep(seen({ ratePerS: 10_000, open: MAX_OPEN }))), 'wait for deliveries');
    assert.equal(limitOf(nextStep(seen({ ratePerS: 10_000, open: 2 * MAX_OPEN }))), 'wait for deliveries');
  });

  it('is done when nothing is left of it', () => {
    assert.equal(limitOf(nextStep(seen({ left: 0, open: 100 }))), 'done');
  });
});
