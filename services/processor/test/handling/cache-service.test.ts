import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCacheLeases } from '../../src/handling/cache-leases.ts';
import { createCacheService } from '../../src/handling/cache-service.ts';
import { callerOf, type TestCaller } from './callers.ts';

const MINUTE_MS = 60_000;
const KEY = 'service_categories_buy';

function start(leaseMs?: number) {
  const clock = { ms: 1_795_372_800_000 };
  const service = createCacheService({
    redis: () => Promise.resolve(null),
    now: () => clock.ms,
    leases: createCacheLeases(leaseMs === undefined ? {} : { leaseMs }),
  });
  const get = async (caller = callerOf()) => (await service['cache.get']({ key: KEY }, caller)).value;
  const lease = (caller: TestCaller) => service['cache.lease']({ key: KEY }, caller);
  async function take(caller: TestCaller): Promise<string> {
    const answer = await lease(caller);
    assert.ok('lease' in answer);
    return answer.lease;
  }
  const set = (value: string, { caller = callerOf(), ttlMs = MINUTE_MS, by = null as string | null } = {}) =>
    service['cache.set']({ key: KEY, value, ttlMs, lease: by }, caller);
  return { clock, service, get, lease, take, set };
}
/** What is there after all that is ready now has had its turn. */
async function isPending(work: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  const turn = new Promise<symbol>(resolve => setImmediate(() => setImmediate(() => resolve(pending))));
  return (await Promise.race([work, turn])) === pending;
}

describe('ctx.cache of handlers', () => {
  it('keeps a value for its time, apart for each destination', async () => {
    const { clock, get, set, service } = start();
    await set('[1]');
    assert.equal(await get(), '[1]');
    assert.equal(await get(callerOf({ destination: 'other' })), null);
    assert.deepEqual([service.entriesOf('bot'), service.entriesOf('other')], [1, 0]);
    clock.ms += MINUTE_MS;
    assert.equal(await get(), null);
  });

  it('forgets what is deleted', async () => {
    const { get, set, service } = start();
    await set('[1]');
    await service['cache.delete']({ key: KEY }, callerOf());
    assert.equal(await get(), null);
  });

  it('lets one make a value while the others wait, and gives it to all of them (HC1)', async () => {
    const { lease, take, set } = start();
    const first = callerOf();
    const by = await take(first);
    const others = Array.from({ length: 50 }, () => lease(callerOf()));
    assert.equal(await isPending(Promise.race(others)), true);
    await set('[1]', { caller: first, by });
    assert.deepEqual(
      new Set((await Promise.all(others)).map(answer => JSON.stringify(answer))),
      new Set(['{"value":"[1]"}']),
    );
    assert.deepEqual(await lease(callerOf()), { value: '[1]' });
  });

  it('lets the next one make it where the first gives up, ends, or takes too long (HC2)', async () => {
    const { lease, take, service } = start(30);
    const first = callerOf();
    const by = await take(first);
    const [second, third, fourth] = [callerOf(), callerOf(), callerOf()];
    const afterRelease = lease(second);
    await service['cache.release']({ key: KEY, lease: by }, first);
    assert.ok('lease' in (await afterRelease));
    const afterEnd = lease(third);
    second.end();
    assert.ok('lease' in (await afterEnd));
    assert.ok('lease' in (await lease(fourth)), 'its 30 ms are over');
  });

  it('gives nothing to who has no right: a lease that is over sets a value, and ends no other’s', async () => {
    const { lease, take, set, service } = start();
    const first = callerOf();
    const by = await take(first);
    await service['cache.release']({ key: KEY, lease: by }, first);
    const second = callerOf();
    await take(second);
    const third = lease(callerOf());
    await service['cache.release']({ key: KEY, lease: by }, first);
    assert.equal(await isPending(third), true);
    await set('[1]', { caller: first, by });
    second.end();
    assert.deepEqual(await third, { value: '[1]' });
  });

  it('lets a job that ends wait no longer', async () => {
    const { lease, take } = start();
    await take(callerOf());
    const waiting = callerOf();
    const answer = lease(waiting);
    waiting.end();
    await assert.rejects(answer, { name: 'AbortError' });
  });
});
