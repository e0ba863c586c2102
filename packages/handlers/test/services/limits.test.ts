import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Ask } from '../../src/services/ask.ts';
import { takeLimit } from '../../src/services/limits.ts';

const limit = { key: 'telegram:1', points: 1, perMs: 1_000 };
const never = new AbortController().signal;

/** Answers in turn; the last one again and again. */
function answering(...waits: readonly (number | Error)[]) {
  let asked = 0;
  const ask = (async () => {
    const wait = waits[Math.min(asked++, waits.length - 1)];
    if (wait instanceof Error) throw wait;
    return { waitMs: wait };
  }) as unknown as Ask;
  return { ask, asked: () => asked };
}

describe('a limit that is shared', () => {
  it('is asked again after the wait', async () => {
    const { ask, asked } = answering(5, 5, 0);
    await takeLimit(ask, limit, never);
    assert.equal(asked(), 3);
  });

  it('leaves a long wait to the schedule', async () => {
    await assert.rejects(takeLimit(answering(10_001).ask, limit, never), {
      kind: 'retry-later',
      afterMs: 10_001,
    });
  });

  it('holds up nobody while it can not be asked', async () => {
    await takeLimit(answering(new Error('away')).ask, limit, never);
  });

  it('ends its wait with the job', async () => {
    const abort = new AbortController();
    const { ask, asked } = answering(9_000);
    const waiting = takeLimit(ask, limit, abort.signal);
    abort.abort();
    await waiting;
    assert.equal(asked(), 1);
  });

  it('ends with the job also while the host lets its turn come', async () => {
    const abort = new AbortController();
    const waiting = takeLimit((() => new Promise(() => undefined)) as Ask, limit, abort.signal);
    abort.abort();
    await waiting;
  });
});
