import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import { createWakeup } from '../src/wakeup.ts';

/** So long that a test which waited for it would be cut. */
const FOR_EVER_MS = 2 ** 30;

describe('a loop that sleeps', () => {
  it('is woken by what happens', async () => {
    const wakeup = createWakeup();
    const waiting = wakeup.wait(FOR_EVER_MS, new AbortController().signal);
    wakeup.wake();
    await waiting;
  });

  it('does not miss what happened before it slept, and sleeps once more after it', async () => {
    const wakeup = createWakeup();
    const { signal } = new AbortController();
    wakeup.wake();
    wakeup.wake();
    await wakeup.wait(FOR_EVER_MS, signal);
    let slept = false;
    const second = wakeup.wait(FOR_EVER_MS, signal).then(() => {
      slept = true;
    });
    await new Promise<void>(resolve => setImmediate(resolve));
    assert.equal(slept, false);
    wakeup.wake();
    await second;
  });

  it('wakes when the time is over, and when it is to stop', async () => {
    const wakeup = createWakeup();
    const stop = new AbortController();
    await wakeup.wait(1, stop.signal);
    const waiting = wakeup.wait(FOR_EVER_MS, stop.signal);
    stop.abort();
    await waiting;
    await wakeup.wait(FOR_EVER_MS, stop.signal);
  });

  it('leaves nothing on the signal, however often it slept', async () => {
    const wakeup = createWakeup();
    const { signal } = new AbortController();
    for (let n = 0; n < 20; n++) await wakeup.wait(1, signal);
    const woken = wakeup.wait(FOR_EVER_MS, signal);
    wakeup.wake();
    await woken;
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });
});
