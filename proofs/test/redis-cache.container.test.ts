import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createRedisGate } from '@ackline/shared/cache/redis-gate';
import { createTwoTierCache } from '@ackline/shared/cache/two-tier-cache';
import { startRedis, type UrlContainer } from '@ackline/testkit/containers';
import { waitFor } from '@ackline/testkit/wait-for';
import { Redis } from 'ioredis';

describe('the two-tier cache on a real Redis', () => {
  let container: UrlContainer;
  let redis: Redis;

  before(async () => {
    container = await startRedis();
    redis = new Redis(container.url, { maxRetriesPerRequest: 1, enableOfflineQueue: false });
    redis.on('error', () => undefined); // the call that was under way rejects with it
    await waitFor(() => redis.status === 'ready');
  });

  after(async () => {
    redis.disconnect();
    await container[Symbol.asyncDispose]();
  });

  // The calls' limit is given here: a machine that is busy must not decide this test.
  const timer = {
    now: () => performance.now(),
    after: (_: number, callback: () => void) => void setTimeout(callback, 10_000).unref(),
  };
  const newCache = () =>
    createTwoTierCache({
      now: Date.now,
      redis: {
        gate: createRedisGate({ now: Date.now, timer }),
        port: {
          get: key => redis.getBuffer(key),
          set: async (key, value, ttlMs) => void (await redis.set(key, Buffer.from(value), 'PX', ttlMs)),
          delete: async key => void (await redis.del(key)),
        },
      },
    });

  it('finds in one process what another one has set', async () => {
    const value = Buffer.from([0, 255, 10]);
    await newCache().set('shared', value, 60_000);
    const other = newCache();
    const found = await other.get('shared');
    assert.ok(found instanceof Uint8Array);
    assert.deepEqual(Buffer.from(found), value);
    assert.deepEqual(other.getStats().hits, { memory: 0, redis: 1 });
  });

  it('goes on from memory when Redis is killed', async () => {
    const cache = newCache();
    await cache.set('kept', 'in memory', 60_000);
    await container.kill();
    await waitFor(() => redis.status !== 'ready');
    assert.equal(String(await cache.get('kept')), 'in memory');
    assert.equal(await cache.get('unknown'), undefined);
  });
});
