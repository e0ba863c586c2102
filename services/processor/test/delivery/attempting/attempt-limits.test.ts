import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createAttemptLimits } from '../../../src/delivery/attempting/attempt-limits.ts';

const LONG_MS = 60_000;

/** Resolves to the name of the reason. */
function aborted(signal: AbortSignal): Promise<string> {
  const name = () => (signal.reason as Error).name;
  return new Promise(resolve => {
    if (signal.aborted) resolve(name());
    else signal.addEventListener('abort', () => resolve(name()));
  });
}

describe('the limits of attempts', () => {
  it('end each by its own time, as a time-out, and leave the others alone', async () => {
    const limits = createAttemptLimits();
    const ended = limits.bounded(1, aborted);
    const other = limits.bounded(LONG_MS, async signal => {
      await ended;
      return signal.aborted;
    });
    assert.equal(await ended, 'TimeoutError');
    assert.equal(await other, false);
  });

  it('end all that are under way when the process must end, and those that begin later at once', async () => {
    const limits = createAttemptLimits();
    const underWay = [limits.bounded(LONG_MS, aborted), limits.bounded(LONG_MS, aborted)];
    limits.stop();
    assert.deepEqual(await Promise.all(underWay), ['AbortError', 'AbortError']);
    assert.equal(await limits.bounded(LONG_MS, aborted), 'AbortError');
  });

  it('are over with the attempt, however it ends', async () => {
    const limits = createAttemptLimits();
    const signals: AbortSignal[] = [];
    const work = async (signal: AbortSignal): Promise<never> => {
      signals.push(signal);
      await Promise.resolve();
      throw new Error('failed');
    };
    await assert.rejects(limits.bounded(LONG_MS, work), /failed/);
    limits.stop();
    assert.equal(signals[0]!.aborted, false);
  });
});
