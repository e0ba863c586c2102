import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeEntry, encodeEntry } from '../../src/cache/cache-entry.ts';
import { createRedisGate } from '../../src/cache/redis-gate.ts';
import type { RedisPort } from '../../src/cache/redis-tier.ts';
import { createTwoTierCache, type TwoTierCacheOptions } from '../../src/cache/two-tier-cache.ts';

type Mode = 'up' | 'down';

/** No time passes here: the limit itself is tested with the gate. */
const TIMER_OFF = { now: () => 0, after: () => undefined };

/** A Redis of a map, which can be down or hang, and a clock that only the test moves. */
function setUp(options: Partial<TwoTierCacheOptions> = {}) {
  const clock = { ms: 1_000_000 };
  const redis = { mode: 'up' as Mode, data: new Map<string, Uint8Array>(), calls: 0, lastTtlMs: 0 };
  const answer = async <Result>(result: () => Result): Promise<Result> => {
    redis.calls += 1;
    if (redis.mode === 'down') throw new Error('ECONNREFUSED');
    return result();
  };
  const port: RedisPort = {
    get: key => answer(() => redis.data.get(key) ?? null),
    set: (key, value, ttlMs) =>
      answer(() => {
        redis.data.set(key, value);
        redis.lastTtlMs = ttlMs;
      }),
    delete: key => answer(() => void redis.data.delete(key)),
  };
  const create = () => {
    const gate = createRedisGate({ now: () => clock.ms, timer: TIMER_OFF });
    return createTwoTierCache({ redis: { port, gate }, now: () => clock.ms, ...options });
  };
  return { clock, redis, create, cache: create() };
}

const memoryOnly = (options: Partial<TwoTierCacheOptions> = {}) => {
  const clock = { ms: 1_000_000 };
  return { clock, cache: createTwoTierCache({ now: () => clock.ms, ...options }) };
};

describe('the memory tier', () => {
  it('gives text and bytes back until their time ends, and not at its end', async () => {
    const { cache, clock } = memoryOnly();
    await cache.set('text', 'value');
    await cache.set('bytes', Uint8Array.from([0, 255]), 1_000);
    clock.ms += 999;
    assert.deepEqual(await cache.get('bytes'), Uint8Array.from([0, 255]));
    clock.ms += 1;
    assert.equal(await cache.get('bytes'), undefined);
    clock.ms += 298_999;
    assert.equal(await cache.get('text'), 'value');
    clock.ms += 1;
    assert.equal(await cache.get('text'), undefined);
  });

  it('is swept of what is over, and counts what went before its time', async () => {
    const { cache, clock } = memoryOnly({ maxEntries: 3 });
    await cache.set('short', 'v', 1_000);
    for (const key of ['a', 'b', 'c']) await cache.set(key, 'v', 5_000);
    assert.equal(cache.getStats().evictions, 1);
    await cache.set('d', 'v', 1_000);
    clock.ms += 1_000;
    cache.sweep();
    assert.deepEqual([cache.getStats().size, cache.getStats().evictions], [2, 2]);
    assert.equal(await cache.get('c'), 'v');
    assert.equal(await cache.get('d'), undefined);
  });

  it('holds a thousand entries by default and drops the one that was not used for longest', async () => {
    const { cache } = memoryOnly();
    for (let n = 0; n < 1_000; n++) await cache.set(`key-${n}`, 'v');
    await cache.get('key-0');
    await cache.set('one-more', 'v');
    assert.equal(await cache.get('key-0'), 'v');
    assert.equal(await cache.get('key-1'), undefined);
    assert.equal(cache.getStats().size, 1_000);
  });

  it('holds no more bytes than it may, keys included', async () => {
    const { cache } = memoryOnly({ maxBytes: 10_000 });
    for (let n = 0; n < 100; n++) await cache.set(`key-${n}`, Buffer.alloc(1_000));
    const stats = cache.getStats();
    assert.ok(stats.sizeBytes <= 10_000 && stats.size > 1, JSON.stringify(stats));
  });

  it('does not keep what is over the bounds, nor the value that it was to replace', async () => {
    const { cache } = memoryOnly();
    await cache.set('key', 'small');
    await cache.set('key', 'x'.repeat(262_145));
    await cache.set('k'.repeat(513), 'v');
    assert.equal(await cache.get('key'), undefined);
    assert.equal(await cache.get('k'.repeat(513)), undefined);
    assert.equal(cache.getStats().oversized, 2);
  });

  it('forgets on delete and on clear', async () => {
    const { cache } = memoryOnly();
    await cache.set('a', '1');
    await cache.set('b', '2');
    await cache.delete('a');
    assert.equal(await cache.get('a'), undefined);
    cache.clear();
    assert.equal(await cache.get('b'), undefined);
    assert.deepEqual(cache.getStats(), {
      hits: { memory: 0, redis: 0 },
      misses: 2,
      evictions: 0,
      oversized: 0,
      size: 0,
      sizeBytes: 0,
      redis: null,
    });
  });

  for (const [options, message] of [
    [{ ttlMs: 0 }, 'ttlMs should be an integer in [1, 86400000], got 0'],
    [{ maxEntries: 1.5 }, 'maxEntries should be an integer in [1, 1000000], got 1.5'],
    [{ maxBytes: -1 }, 'maxBytes should be an integer in [1, 1073741824], got -1'],
  ] as const) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      assert.throws(() => memoryOnly(options), { name: 'RangeError', message });
    });
  }

  it('refuses a time to live over a day', () => {
    assert.throws(() => memoryOnly().cache.set('a', 'b', 86_400_001), RangeError);
  });
});

describe('the memory tier alone', () => {
  it('answers at once: there is nothing to wait for', () => {
    const { cache } = memoryOnly();
    assert.equal(cache.get('key'), undefined);
    assert.equal(cache.set('key', 'v'), undefined);
    assert.equal(cache.get('key'), 'v');
  });
});

describe('two tiers', () => {
  it('find in Redis what another process put there, and then in memory', async () => {
    const { cache, create, redis } = setUp();
    await create().set('key', 'shared');
    assert.equal(redis.lastTtlMs, 300_000);
    assert.equal(await cache.get('key'), 'shared');
    assert.equal(cache.get('key'), 'shared', 'without a promise');
    assert.deepEqual(cache.getStats().hits, { memory: 1, redis: 1 });
  });

  it('do not let an entry live a second time in the memory of the process that found it', async () => {
    const { cache, create, clock } = setUp();
    await create().set('key', 'shared', 1_000);
    clock.ms += 900;
    assert.equal(await cache.get('key'), 'shared');
    clock.ms += 100;
    assert.equal(await cache.get('key'), undefined);
  });

  it('do not give out what Redis kept for too long, nor what is no entry of ours', async () => {
    const { cache, redis, clock } = setUp();
    redis.data.set('old', encodeEntry({ value: 'old', expiresAt: clock.ms }));
    redis.data.set('foreign', Buffer.from('something else entirely'));
    assert.equal(await cache.get('old'), undefined);
    assert.equal(await cache.get('foreign'), undefined);
    assert.equal(cache.getStats().misses, 2);
  });

  it('keep an entry of a process with a clock far ahead for a day at most', async () => {
    const { cache, redis, clock } = setUp();
    redis.data.set('key', encodeEntry({ value: 'v', expiresAt: clock.ms + 1e12 }));
    await cache.get('key');
    redis.data.clear();
    clock.ms += 86_400_000;
    assert.equal(await cache.get('key'), undefined);
  });

  it('delete in both, and look at Redis again soon after', async () => {
    const { cache, redis, create, clock } = setUp();
    await cache.set('key', 'v');
    await cache.delete('key');
    assert.equal(redis.data.size, 0);
    assert.equal(await cache.get('key'), undefined);
    await create().set('key', 'new');
    clock.ms += 40;
    assert.equal(await cache.get('key'), 'new');
  });

  it('do not take an answer of Redis that was under way when the key was deleted or set', async () => {
    const { cache, redis, create } = setUp();
    await create().set('deleted', 'old');
    await create().set('changed', 'old');
    const reads = [cache.get('deleted'), cache.get('changed')];
    await Promise.all([cache.delete('deleted'), cache.set('changed', 'new')]);
    for (const read of reads) await read;
    redis.mode = 'down';
    assert.equal(await cache.get('deleted'), undefined);
    assert.equal(await cache.get('changed'), 'new');
  });
});

describe('when Redis is lost', () => {
  it('everything still works from memory, without an error', async () => {
    const { cache, redis } = setUp();
    redis.mode = 'down';
    await cache.set('key', 'v');
    assert.equal(await cache.get('key'), 'v');
    assert.equal(await cache.get('other'), undefined);
    await cache.delete('key');
    assert.equal(await cache.get('key'), undefined);
    assert.equal(cache.getStats().redis?.errors, 3);
  });

  it('a deleted value does not come back with Redis, although Redis never heard of the delete', async () => {
    const { cache, redis, clock } = setUp();
    await cache.set('key', 'v', 3_600_000);
    redis.mode = 'down';
    await cache.delete('key');
    redis.mode = 'up';
    clock.ms += 600_000;
    assert.equal(await cache.get('key'), undefined);
  });

  it('is answered from memory at once, without a promise, while the circuit is open', async () => {
    const { cache, redis, clock } = setUp();
    redis.mode = 'down';
    for (let n = 0; n < 10; n++) await cache.get(`key-${n}`);
    assert.equal(cache.get('key'), undefined);
    assert.equal(cache.set('key', 'v'), undefined);
    assert.equal(cache.get('key'), 'v');
    redis.mode = 'up';
    redis.data.set('late', encodeEntry({ value: 'back', expiresAt: clock.ms + 3_600_000 }));
    clock.ms += 5_000;
    assert.equal(await cache.get('late'), 'back');
  });
});

describe('what is in Redis', () => {
  it('is an entry with the end of its life', async () => {
    const { cache, redis, clock } = setUp();
    await cache.set('key', 'v', 5_000);
    assert.deepEqual(decodeEntry(redis.data.get('key') ?? Buffer.alloc(0)), {
      value: 'v',
      expiresAt: clock.ms + 5_000,
    });
  });
});
