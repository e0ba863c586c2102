import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ReplaySeen, ReplayStep } from '@ackline/store/replay-release';
import { MAX_RATE_PER_S } from '@ackline/store/replays';
import { nextStep } from '../../src/replaying/replay-pace.ts';

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
    assert.equal(limitOf(trickle({ sent: 3 })), 2, 'where some of it was skipped');
    assert.equal(limitOf(trickle({ sent: 5, open: 1 })), 'wait for deliveries');
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

  it('goes on where the clock of its rate is ahead of the time, since that was set back', () => {
    assert.equal(limitOf(nextStep(seen({ sinceMs: -86_400_000 }))), 50);
    assert.equal(limitOf(nextStep(seen({ ratePerS: 0.1, sinceMs: -1 }))), 1);
  });

  it('keeps the largest rate that can be asked for with five steps a second', () => {
    assert.equal(limitOf(nextStep(seen({ ratePerS: MAX_RATE_PER_S, sinceMs: 200 }))), MAX_RATE_PER_S / 5);
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

  it('asks for a hundred at a time at most, and for no more than are open with a hundred of each destination', () => {
    const step = nextStep(seen({ ratePerS: 10_000 }));
    assert.deepEqual(step, { kind: 'release', limit: 100, maxOpen: 100, windowMs: 1_000 });
    assert.equal(limitOf(nextStep(seen({ state: 'trickle', ratePerS: 10_000 }, { size: 100 }))), 100);
  });

  it('is done when nothing is left of it', () => {
    assert.equal(limitOf(nextStep(seen({ left: 0 }))), 'done');
  });
});
