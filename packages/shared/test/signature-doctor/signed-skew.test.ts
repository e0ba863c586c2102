import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { signedSkewMs } from '../../src/signature-doctor/signed-skew.ts';

const NOW = 1_800_000_000_000;

function skewOf(skewMs: number): { readonly found: number | null; readonly questions: number } {
  const signedAt = NOW - skewMs;
  let questions = 0;
  const steps = signedSkewMs((now, toleranceMs) => {
    questions += 1;
    return Math.abs(now - signedAt) <= toleranceMs;
  }, NOW);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return { found: step.value, questions };
  }
}

describe('the time between signing and arrival', () => {
  it('is found to the millisecond, before and after', () => {
    const around = [0, 1_000, 2_000, 300_000, 86_400_000].flatMap(ms => [
      ms,
      ms + 1,
      ms + 2,
      ms + 3,
      ms + 500,
    ]);
    for (const ms of around)
      for (const skewMs of new Set([ms, -ms || 0])) assert.equal(skewOf(skewMs).found, skewMs);
  });

  it('is found with few questions, also of a time that is made up', () => {
    assert.ok(skewOf(310_000).questions <= 40);
    assert.ok(skewOf(NOW - 999_999_999_999_000).questions <= 100);
  });

  it('is not known of what is proven at no time', () => {
    const steps = signedSkewMs(() => false, NOW);
    let step = steps.next();
    while (step.done !== true) step = steps.next();
    assert.equal(step.value, null);
  });
});
