import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startFront, TOKEN } from '../support/front.ts';
import { NASTY_PROBES, type ProbeResult, runNastyProbes } from '../support/nasty-http.ts';

describe('nasty HTTP gets a bounded, correct answer', () => {
  let front: Awaited<ReturnType<typeof startFront>>;
  let running: Promise<ProbeResult[]>;

  before(async () => {
    front = await startFront({ bodyTimes: { idleMs: 1_000, totalMs: 5_000 } });
    // Side by side, since some of them are slow; each is looked at in a test of its own.
    running = runNastyProbes({ port: front.port, path: '/webhook/telegram', token: TOKEN });
  });
  after(async () => {
    await front[Symbol.asyncDispose]();
  });

  for (const { name, expected } of NASTY_PROBES) {
    it(`${name}: ${expected}`, async () => {
      const result = (await running).find(probe => probe.name === name);
      assert.equal(result?.got, expected);
    });
  }

  it('and holds no memory of bodies afterwards', async () => {
    await running;
    assert.equal(front.budget.taken, 0);
  });
});
