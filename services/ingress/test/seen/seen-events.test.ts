import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeEntry } from '@ackline/shared/cache/cache-entry';
import { createRedisGate } from '@ackline/shared/cache/redis-gate';
import type { RedisPort } from '@ackline/shared/cache/redis-tier';
import { createSeenEvents } from '../../src/seen/seen-events.ts';

const START = 1_795_372_800_000;
const TTL_MS = 600_000;

/** A Redis of a map, two processes that use it, and a clock that only the test moves. */
function setUp() {
  const clock = { ms: START };
  const now = () => clock.ms;
  const data = new Map<string, Uint8Array>();
  const state = { down: false };
  const call = async <Result>(result: () => Result): Promise<Result> => {
    if (state.down) throw new Error('ECONNREFUSED');
    return result();
  };
  const port: RedisPort = {
    get: key => call(() => data.get(key) ?? null),
    set: (key, value) => call(() => void data.set(key, value)),
    delete: key => call(() => void data.delete(key)),
  };
  const timer = { now: () => 0, after: () => undefined };
  const start = () =>
    createSeenEvents({ redis: { port, gate: createRedisGate({ now, timer }) }, now, ttlMs: TTL_MS });
  return { clock, data, state, one: start(), two: start() };
}

describe('requests that were accepted', () => {
  it('are known at once and for their time, without Redis', () => {
    const clock = { ms: START };
    const seen = createSeenEvents({ redis: null, now: () => clock.ms, ttlMs: TTL_MS });
    assert.equal(seen.wasAccepted('key'), false);
    seen.markAccepted('key');
    assert.equal(seen.wasAccepted('key'), true);
    assert.equal(seen.wasAccepted('another'), false);
    clock.ms += TTL_MS - 1;
    assert.equal(seen.wasAccepted('key'), true);
    clock.ms += 1;
    assert.equal(seen.wasAccepted('key'), false);
  });

  it('are known to another process through Redis, and then from its own memory', async () => {
    const { one, two } = setUp();
    one.markAccepted('key');
    await new Promise(setImmediate);
    assert.equal(await two.wasAccepted('key'), true);
    assert.equal(two.wasAccepted('key'), true);
    assert.deepEqual(two.getStats().hits, { memory: 1, redis: 1 });
  });

  it('are no more than so many in memory, the oldest forgotten first', () => {
    const seen = createSeenEvents({ redis: null, now: () => START, ttlMs: TTL_MS, maxEntries: 100 });
    for (let n = 0; n <= 100; n++) seen.markAccepted(`key-${n}`);
    assert.equal(seen.wasAccepted('key-0'), false);
    assert.equal(seen.wasAccepted('key-100'), true);
    assert.ok(seen.getStats().size <= 100);
    assert.equal(seen.wasAccepted('key-50'), true); // never fewer than half
  });

  it('count as evicted where they were forgotten before their time, and only there', () => {
    const clock = { ms: START };
    const seen = createSeenEvents({ redis: null, now: () => clock.ms, ttlMs: TTL_MS, maxEntries: 100 });
    const mark = (from: number, to: number) => {
      for (let n = from; n < to; n++) seen.markAccepted(`key-${n}`);
    };
    mark(0, 100);
    clock.ms += TTL_MS;
    mark(100, 190);
    assert.equal(seen.getStats().evictions, 0, 'they were over, all of them');
    mark(100, 110);
    mark(190, 191);
    assert.equal(seen.getStats().evictions, 40, 'ten of the fifty were marked again');
  });

  it('are marked without an error while Redis is down, and known to this process', async () => {
    const { one, two, state } = setUp();
    state.down = true;
    one.markAccepted('key');
    await new Promise(setImmediate);
    assert.equal(one.wasAccepted('key'), true);
    assert.equal(await two.wasAccepted('key'), false);
  });
});

describe('what Redis holds', () => {
  it('stands under a name of ours that tells nothing of the request', async () => {
    const { one, data } = setUp();
    one.markAccepted('\u0000\u00ff key');
    await new Promise(setImmediate);
    assert.deepEqual(
      [...data.keys()],
      [`ackline:seen:${Buffer.from('\u0000\u00ff key', 'latin1').toString('base64url')}`],
    );
  });

  for (const [name, value] of [
    ['garbage', Buffer.from('1')],
    ['nothing', Buffer.alloc(0)],
    ['another value', encodeEntry({ value: 'yes', expiresAt: START + 1_000 })],
    ['the value as bytes', encodeEntry({ value: Buffer.from('1'), expiresAt: START + 1_000 })],
    ['a value whose time is over', encodeEntry({ value: '1', expiresAt: START })],
    ['a value that would live for ever', encodeEntry({ value: '1', expiresAt: START + 1e12 })],
    ['no time at all', encodeEntry({ value: '1', expiresAt: Number.NaN })],
  ] as const) {
    it(`is no acceptance: ${name}`, async () => {
      const { two, data } = setUp();
      data.set(`ackline:seen:${Buffer.from('key').toString('base64url')}`, value);
      assert.equal(await two.wasAccepted('key'), false);
    });
  }
});
