import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cacheKeyHash } from '@ackline/store/cache-clears';
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
    assert.deepEqual([service.figuresOf('bot')?.entries, service.figuresOf('other')?.entries], [1, 0]);
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

  it('lets nobody make a value that was brought between a look and the right to make it', async () => {
    const { take, lease, set } = start();
    const first = callerOf();
    const by = await take(first);
    const others = [lease(callerOf()), lease(callerOf())];
    await set('[1]', { caller: first, by });
    assert.deepEqual(await Promise.all(others), [{ value: '[1]' }, { value: '[1]' }]);
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

  it('gives out nothing of before it was cleared, of all keys or of one', async () => {
    const { get, set, service } = start();
    await set('[1]');
    service.learn([{ destination: 'other', keyHash: null, version: 7 }]);
    assert.equal(await get(), '[1]');
    service.learn([{ destination: 'bot', keyHash: cacheKeyHash(KEY), version: 8 }]);
    assert.equal(await get(), null);
    await set('[2]');
    service.learn([{ destination: 'bot', keyHash: cacheKeyHash('another'), version: 9 }]);
    assert.equal(await get(), '[2]');
    service.learn([{ destination: 'bot', keyHash: null, version: 10 }]);
    assert.equal(await get(), null);
    assert.equal(service.figuresOf('bot')?.entries, 0);
  });

  it('keeps no value that was being made when it was cleared, and lets the next one make it (HC3)', async () => {
    for (const keyHash of [null, cacheKeyHash(KEY)]) {
      const { get, set, take, lease, service } = start();
      const first = callerOf();
      const by = await take(first);
      const waiting = lease(callerOf());
      assert.equal(await isPending(waiting), true);
      service.learn([{ destination: 'bot', keyHash, version: 7 }]);
      assert.ok('lease' in (await lease(callerOf())), 'nobody waits for what is of before');
      await set('["old"]', { caller: first, by });
      assert.deepEqual(await waiting, { value: '["old"]' }, 'it asked before');
      assert.equal(await get(), null);
    }
  });

  it('knows the newest clear, though it hears of an older one last (HC3)', async () => {
    const keyHash = cacheKeyHash(KEY);
    for (const [older, newer] of [
      [keyHash, keyHash],
      [null, null],
      [null, keyHash],
      [keyHash, null],
    ] as const) {
      const { get, set, take, service } = start();
      const hear = (hash: string | null, version: number) =>
        service.learn([{ destination: 'bot', keyHash: hash, version }]);
      hear(older, 7);
      const first = callerOf();
      const by = await take(first);
      hear(newer, 8);
      hear(older, 7);
      await set('["old"]', { caller: first, by });
      assert.equal(await get(), null);
    }
  });

  it('counts where values came from, who waited for one, and what was known to be nothing', async () => {
    const { clock, get, set, take, lease, service } = start();
    const first = callerOf();
    const by = await take(first);
    const waiting = [lease(callerOf()), lease(callerOf())];
    assert.equal(await isPending(Promise.race(waiting)), true);
    await set('null', { caller: first, by });
    await Promise.all(waiting);
    await get();
    await set('[1]');
    await lease(callerOf());
    const { bytes = 0, ...figures } = service.figuresOf('bot') ?? {};
    assert.deepEqual(figures, {
      entries: 1,
      evictions: 0,
      hits: { memory: 2, redis: 0 },
      joined: 2,
      misses: 1,
      negativeHits: 3,
      hasRedis: false,
    });
    assert.ok(bytes > 100);
    clock.ms += MINUTE_MS;
    service.sweep();
    assert.equal(service.figuresOf('bot')?.entries, 0);
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
