import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLimitService } from '../../src/handling/limit-service.ts';
import { callerOf } from './callers.ts';

function start() {
  const clock = { ms: 1_795_372_800_000 };
  const service = createLimitService({ redis: () => Promise.resolve(null), now: () => clock.ms });
  const take = async (key: string, points: number, perMs: number, caller = callerOf()) =>
    (await service['limit.take']({ key, points, perMs }, caller)).waitMs;
  return { clock, take };
}

describe('limits on the calls of handlers', () => {
  it('let one call go at once, and the next ones of its key in turn, each a part of the time later', async () => {
    const { take } = start();
    const ended: number[] = [];
    await Promise.all(
      [0, 1, 2].map(async n => {
        assert.equal(await take('telegram:bot', 100, 1_000), 0); // 10 ms apart
        ended.push(n);
      }),
    );
    assert.deepEqual(ended, [0, 1, 2]);
  });

  it('say when to ask again where the next time is far, and count nothing for it', async () => {
    const { clock, take } = start();
    assert.equal(await take('telegram:chat:1', 1, 60_000), 0);
    assert.equal(await take('telegram:chat:1', 1, 60_000), 59_000);
    assert.equal(await take('telegram:chat:1', 1, 60_000), 59_000);
    clock.ms += 60_000;
    assert.equal(await take('telegram:chat:1', 1, 60_000), 0);
  });

  it('count each key alone, and whoever asks, of whichever destination', async () => {
    const { take } = start();
    assert.equal(await take('telegram:chat:1', 1, 60_000), 0);
    assert.equal(await take('telegram:chat:2', 1, 60_000), 0);
    assert.ok((await take('telegram:chat:1', 1, 60_000, callerOf({ destination: 'other' }))) > 0);
  });

  it('let a job that ends wait no longer', async () => {
    const { take } = start();
    await take('a', 1, 1_000);
    const caller = callerOf();
    const waiting = take('a', 1, 1_000, caller);
    caller.end();
    await assert.rejects(waiting, { name: 'AbortError' });
  });
});
