import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPace } from '../../src/replay/pace.ts';

describe('the pace of what is put back', () => {
  function paced(ratePerS: number) {
    let clock = 5_000;
    const pace = createPace(ratePerS, {
      now: () => clock,
      async sleep(ms) {
        clock += ms;
      },
    });
    return { pace, pass: (ms: number) => (clock += ms), at: () => clock - 5_000 };
  }

  it('is so many a second, however long each takes itself', async () => {
    const { pace, pass, at } = paced(50);
    for (let n = 1; n <= 100; n++) {
      pass(n % 15);
      await pace();
    }
    assert.equal(at(), 2_000);
  });

  it('may be less than one a second', async () => {
    const { pace, at } = paced(0.1);
    await pace();
    assert.equal(at(), 10_000);
  });

  it('makes up for a second at most, where PostgreSQL was slow for longer', async () => {
    const { pace, pass, at } = paced(10);
    pass(60_000);
    let atOnce = 0;
    for (; at() === 60_000; atOnce++) await pace();
    assert.equal(atOnce, 11);
  });
});
