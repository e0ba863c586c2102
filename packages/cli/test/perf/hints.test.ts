import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_FIGURES } from '@ackline/handlers/thread/pool-figures';
import { hintsOf } from '../../src/perf/hints.ts';
import { apiCalls, called, handlerFigures, httpFigures } from './figures.ts';

const API = 'https://api.example.com';
const CACHE = {
  entries: 1_000,
  bytes: 1,
  hits: { memory: 0, redis: 0 },
  joined: 0,
  misses: 0,
  negativeHits: 0,
  evictions: 0,
  hasRedis: false,
};
const told = (...given: Parameters<typeof handlerFigures>) =>
  hintsOf(handlerFigures(...given)).map(({ id, what }) => `${id}: ${what}`);

describe('bottlenecks', () => {
  it('are none where nothing stands out, or too little was counted', () => {
    const calm = {
      handled: [called('bot', 100, 200)],
      monitored: [called('load', 19, 1_000)],
      ...httpFigures({ calls: [apiCalls(API, 100, 50)], waits: { count: 5, totalMs: 50 } }),
      loop: { busy: 0.5, blockedMs: 40 },
    };
    const cache = { ...CACHE, hits: { memory: 40, redis: 20 }, joined: 20, misses: 20 };
    assert.deepEqual(told(calm, cache), []);
    assert.deepEqual(told({ handled: [called('bot', 5, 200, 5)] }, { ...CACHE, misses: 9 }), []);
  });

  it('name the origin whose calls are most of the time, and say to keep its answers', () => {
    const figures = handlerFigures({
      handled: [called('bot', 150, 305)],
      ...httpFigures({ calls: [apiCalls(API, 150, 250), apiCalls('https://other', 150, 10)] }),
    });
    const [hint] = hintsOf(figures);
    assert.deepEqual(
      [hint?.id, hint?.what],
      ['calls-of-one-origin', `calls of ${API} are 82 % of the handler's time (150 calls, 250 ms each)`],
    );
    assert.match(hint?.fix ?? '', /ctx\.cache\.getOrLoad/);
  });

  it('name the function that is most of the time', () => {
    const figures = { handled: [called('bot', 50, 100)], monitored: [called('render', 50, 80)] };
    assert.deepEqual(told(figures), [
      "one-function: render is 80 % of the handler's time (50 calls, 80 ms each)",
    ]);
  });

  it('say that calls wait for connections, and what is there now', () => {
    const http = httpFigures({ calls: [apiCalls(API, 100, 10)], waits: { count: 40, totalMs: 8_000 } });
    const [hint] = hintsOf(handlerFigures({ handled: [called('bot', 100, 100)], ...http }));
    assert.equal(hint?.what, '40 % of the calls waited for a connection, 200 ms each');
    assert.match(hint?.fix ?? '', /settings\.http\.connections` \(50 now/);
  });

  it('say what refuses calls as too many', () => {
    const http = httpFigures({ calls: [apiCalls(API, 60, 1), apiCalls(API, 40, 1, '429')] });
    assert.deepEqual(told({ handled: [called('bot', 100, 100)], ...http }), [
      `calls-refused: ${API} refused 40 % of the calls, as too many (429)`,
    ]);
  });

  it('say that the cache helps little, or is too small', () => {
    assert.deepEqual(
      told({}, { ...CACHE, hits: { memory: 5, redis: 4 }, joined: 3, misses: 88, evictions: 80 }),
      [
        'cache-misses: the cache hit rate is 12 % (100 lookups)',
        'cache-evictions: 80 values of the cache made room for others before their time was over',
      ],
    );
  });

  it('say first what ends threads, blocks them, or keeps one busy', () => {
    const figures = {
      handled: [called('bot', 100, 10, 20)],
      loop: { busy: 0.97, blockedMs: 2_100 },
      ended: { ...NO_FIGURES.ended, timeout: 3, memory: 1 },
    };
    assert.deepEqual(told(figures), [
      'threads-ended: threads ended before their time: memory 1, timeout 3',
      'event-loop-blocked: the event loop was blocked for 2.1 s in the last minutes, and every call of that thread with it',
      'thread-busy: one thread is busy all the time (97 % of the last half minute)',
      "handler-errors: 20 % of the handler's calls failed",
    ]);
  });
});
