import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { createLogger } from '@ackline/runtime/logger';
import { connectRedis, type RedisConnection } from '@ackline/runtime/redis/connect-redis';
import type { LimitConfig } from '@ackline/shared/config/types';
import { startRedis, type UrlContainer } from '@ackline/testkit/containers';
import { startTcpProxy, type TcpProxy } from '@ackline/testkit/tcp-proxy';
import { waitFor } from '@ackline/testkit/wait-for';
import type { LimitVerdict } from '../src/http/webhook-ports.ts';
import { createRateLimits } from '../src/limits/rate-limits.ts';
import { createSeenEvents } from '../src/seen/seen-events.ts';
import { seenKey } from '../src/seen/seen-key.ts';
import { sourceConfig } from './support/endpoint.ts';

const FACTS = {
  source: 'telegram',
  tenant: 'default',
  secret: 'token-1',
  method: 'POST',
  url: 'https://hooks.example.com/webhook/telegram',
  body: Buffer.from('{"update_id":1001}'),
};
const BACK_IN_MS = { timeoutMs: 30_000 };

describe('a real Redis', () => {
  let container: UrlContainer;
  let proxy: TcpProxy;
  let url: string;
  let opened: RedisConnection[] = [];
  let lines: string[] = [];
  let sequence = 0;
  before(async () => {
    container = await startRedis();
    proxy = await startTcpProxy({ port: container.port });
    const through = new URL(container.url);
    through.port = String(proxy.port);
    url = through.href;
  });
  beforeEach(() => {
    lines = [];
    sequence += 1;
  });
  afterEach(async () => {
    for (const connection of opened) connection.close();
    opened = [];
    await proxy.heal();
  });
  after(async () => {
    await proxy.close();
    await container[Symbol.asyncDispose]();
  });

  function connect(): RedisConnection {
    const log = createLogger({
      service: 'ingress',
      level: 'info',
      destination: { write: line => void lines.push(line) },
    });
    const connection = connectRedis({ url, connectionName: 'test', log });
    opened.push(connection);
    return connection;
  }
  async function connected(): Promise<RedisConnection> {
    const connection = connect();
    await waitFor(() => connection.getStats().connected);
    return connection;
  }
  const named = (event: string) => lines.filter(line => line.includes(`"${event}"`));
  const keyOf = (change: Partial<typeof FACTS> = {}) =>
    seenKey({ ...FACTS, ...change, dedupKey: `test-${sequence}` });
  const seenOn = (redis: RedisConnection) => createSeenEvents({ redis, now: Date.now, ttlMs: 600_000 });
  const limitsOn = (redis: RedisConnection) => createRateLimits({ redis, now: Date.now });
  const limited = (limit: Partial<LimitConfig>) =>
    sourceConfig({
      name: `source-${sequence}`,
      limit: { max: 3, perMs: 3_600_000, by: 'sender', over: 'reject', ...limit },
    });
  const a = { sender: 'a', address: '203.0.113.7' };
  /** The machine may be too busy for 20 ms: what counts is that the answer comes, and is used. */
  const untilTrue = (ask: () => boolean | Promise<boolean>) => waitFor(async () => await ask(), BACK_IN_MS);

  it('lets one process know what another has accepted, and nothing that differs from it', async () => {
    const [one, two] = [seenOn(await connected()), seenOn(await connected())];
    one.markAccepted(keyOf());
    await untilTrue(() => two.wasAccepted(keyOf()));
    for (const change of [
      { body: Buffer.from('{"update_id":1002}') },
      { source: 'telegram2' },
      { tenant: 'vip' },
      { secret: 'token-2' },
    ]) {
      assert.equal(await two.wasAccepted(keyOf(change)), false);
    }
  });

  it('takes for an acceptance only what we wrote, and forgets it in its time', async () => {
    const redis = await connected();
    const seen = seenOn(redis);
    const name = `ackline:seen:${Buffer.from(keyOf(), 'latin1').toString('base64url')}`;
    await redis.client.set(name, 'garbage');
    assert.equal(await seen.wasAccepted(keyOf()), false);
    seen.markAccepted(keyOf());
    await waitFor(async () => (await redis.client.pttl(name)) > 0);
    const ttlMs = await redis.client.pttl(name);
    assert.ok(ttlMs <= 600_000, String(ttlMs));
  });

  it('counts over all processes, and names the time that is left', async () => {
    const [one, two] = [limitsOn(await connected()), limitsOn(await connected())];
    const source = limited({});
    const verdicts: LimitVerdict[] = [];
    for (const limits of [one, two, one, two]) verdicts.push(await limits.afterVerify(source, a));
    assert.deepEqual(
      verdicts.map(verdict => verdict.kind),
      ['within', 'within', 'within', 'reject'],
    );
    const last = verdicts.at(-1);
    assert.ok(last?.kind === 'reject' && last.retryAfterS > 3_500 && last.retryAfterS <= 3_600);
    assert.ok(!(two.afterVerify(source, a) instanceof Promise), 'what is known to be over costs no call');
  });

  it('gives each event over the limit its own time, also to processes at once', async () => {
    const [one, two] = [limitsOn(await connected()), limitsOn(await connected())];
    const source = limited({ over: 'defer', max: 2 });
    const begun = Date.now();
    const verdicts = await Promise.all(
      Array.from({ length: 10 }, async (_, n) => (n % 2 === 0 ? one : two).afterVerify(source, a)),
    );
    const times = verdicts.flatMap(verdict => (verdict.kind === 'defer' ? [verdict.notBefore] : []));
    assert.equal(times.length, 8);
    for (const [n, time] of times.toSorted((x, y) => x - y).entries()) {
      const slot = (time - begun) / 1_800_000; // half an hour each
      assert.ok(Math.abs(slot - (n + 1)) < 0.1, `${n}: ${slot}`);
    }
  });

  it('does not keep the id of a sender', async () => {
    const redis = await connected();
    const facts = { sender: 'customer-4711', address: '203.0.113.7' };
    await limitsOn(redis).afterVerify(limited({}), facts);
    await limitsOn(redis).afterVerify(limited({ over: 'defer' }), facts);
    const keys = await redis.client.keys('*');
    assert.ok(
      keys.length >= 2 && keys.every(key => key.startsWith('ackline:') && !key.includes('4711')),
      String(keys),
    );
    for (const key of keys) assert.ok((await redis.client.pttl(key)) > 0, key);
  });

  it('with garbage under the name of a limit costs no event', async () => {
    const redis = await connected();
    const limits = limitsOn(redis);
    const [refusing, deferring] = [limited({}), limited({ over: 'defer' })];
    await limits.afterVerify(refusing, a);
    await limits.afterVerify(deferring, a);
    for (const key of await redis.client.keys('ackline:[ld]*')) await redis.client.set(key, '9e99garbage');
    assert.equal((await limits.afterVerify(refusing, a)).kind, 'within');
    assert.equal((await limits.afterVerify(deferring, a)).kind, 'within');
  });

  for (const [state, spoil] of [
    ['paused', async () => container.pause()],
    ['two seconds slow', async () => proxy.slow(2_000)],
    ['cut off', async () => proxy.cut()],
    ['behind a link that drops everything', async () => proxy.stall()],
  ] as const) {
    it(`that is ${state} costs ten calls their 20 ms, then nothing; and it is used again when it is well`, async () => {
      const redis = await connected();
      const [seen, limits] = [seenOn(redis), limitsOn(redis)];
      const source = limited({ max: 1_000 });
      await spoil();
      try {
        await untilTrue(async () => {
          seen.markAccepted(keyOf());
          assert.equal(await seen.wasAccepted(keyOf({ url: 'unknown' })), false);
          assert.equal((await limits.afterVerify(source, a)).kind, 'within');
          return redis.getStats().breaker.status === 'OPEN';
        });
        assert.equal(seen.wasAccepted(keyOf()), true, 'from memory');
        const { skipped } = redis.getStats();
        for (let n = 0; n < 100; n++) await limits.afterVerify(source, a);
        assert.ok(redis.getStats().skipped > skipped);
      } finally {
        if (state === 'paused') await container.unpause();
        await proxy.heal();
      }
      const other = seenOn(await connected());
      await untilTrue(async () => {
        seen.markAccepted(keyOf({ url: 'back' }));
        await limits.afterVerify(source, a); // a request now and then is what probes
        return other.wasAccepted(keyOf({ url: 'back' }));
      });
    });
  }

  it('that is killed counts in memory from what it said last, and is used again when it is back', async () => {
    const redis = await connected();
    const limits = limitsOn(redis);
    const source = limited({ over: 'defer', max: 1 });
    for (let n = 0; n < 3; n++) await limits.afterVerify(source, a);
    await container.kill();
    await waitFor(() => !redis.getStats().connected);
    const verdict = await limits.afterVerify(source, a);
    assert.ok(
      verdict.kind === 'defer' && verdict.notBefore > Date.now() + 2.9 * 3_600_000,
      JSON.stringify(verdict),
    );
    await container.start();
    await waitFor(() => redis.getStats().connected, BACK_IN_MS);
    assert.equal(named('redis.lost').length, 1);
    assert.equal(named('redis.connected').length, 2);
    const other = limitsOn(await connected());
    await untilTrue(async () => (await other.afterVerify(limited({ max: 1 }), a)).kind === 'reject');
  });

  it('that is not there holds up no start, and its password is in no line', async () => {
    await proxy.cut();
    const redis = connect();
    const seen = seenOn(redis);
    assert.equal(await seen.wasAccepted(keyOf()), false);
    seen.markAccepted(keyOf());
    assert.equal(seen.wasAccepted(keyOf()), true);
    await waitFor(() => named('redis.lost').length === 1);
    await proxy.heal();
    await waitFor(() => redis.getStats().connected, BACK_IN_MS);
    assert.equal(named('redis.lost').length, 1);

    const wrong = new URL(url);
    wrong.password = 'hunter2';
    const log = createLogger({
      service: 'ingress',
      level: 'info',
      destination: { write: line => void lines.push(line) },
    });
    const refused = connectRedis({ url: wrong.href, connectionName: 'test', log });
    opened.push(refused);
    await waitFor(() => named('redis.lost').length === 2);
    assert.match(lines.join(''), /WRONGPASS|NOAUTH/);
    assert.doesNotMatch(lines.join(''), /hunter2/);
    assert.ok(!lines.join('').includes(new URL(url).password));
  });
});
