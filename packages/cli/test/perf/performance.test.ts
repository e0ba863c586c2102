import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cacheRows, formatCaches } from '../../src/commands/cache.ts';
import { performanceOf } from '../../src/perf/performance.ts';
import { NOTHING_YET, performanceText } from '../../src/perf/performance-text.ts';
import { apiCalls, called, handlerFigures, httpFigures, processor } from './figures.ts';

const CACHE = {
  entries: 10,
  bytes: 2_048,
  hits: { memory: 50, redis: 10 },
  joined: 20,
  misses: 20,
  negativeHits: 5,
  evictions: 1,
  hasRedis: true,
};
const bot = handlerFigures(
  {
    handled: [called('service-bot', 75, 320, 1)],
    monitored: [called('menu', 75, 300)],
    ...httpFigures({ calls: [apiCalls('https://api.example.com', 75, 250)] }),
  },
  CACHE,
);
const TWO = [
  processor({ bot }),
  { v: 99, something: 'of a newer release' },
  processor({ bot, crm: handlerFigures() }),
];

describe('ackline perf', () => {
  it('adds up what all processors say, and leaves out what another release wrote', () => {
    const { processors, destinations, summary } = performanceOf(TWO, 10);
    assert.equal(processors, 2);
    assert.deepEqual(summary.calls, { count: 150, totalMs: 37_500 });
    const [first, second] = destinations;
    assert.deepEqual([first?.name, second?.name, first?.threads], ['bot', 'crm', 2]);
    const [menu] = first?.functions ?? [];
    assert.deepEqual(
      { ...menu, slowest: menu?.slowest.map(({ ms }) => ms) },
      {
        name: 'menu',
        count: 150,
        errors: 0,
        totalMs: 45_000,
        p50Ms: 300,
        p95Ms: 300,
        p99Ms: 300,
        maxMs: 300,
        heapBytesPerCall: 2_048,
        slowest: [300, 300],
      },
    );
    assert.deepEqual(first?.calls, [
      { origin: 'https://api.example.com', count: 150, errors: 0, avgMs: 250 },
    ]);
  });

  it('prints the block of the report, each function, the slowest calls with their times, and the bottlenecks', () => {
    const text = performanceText(performanceOf(TWO, 2), 2);
    assert.equal(
      text,
      `2 processors, counted since 2026-11-29 10:00:00.000

Bot performance metrics:
  API calls: 150 (avg: 250ms)
  Cache hits: 80% (120 cached responses)
  Memory usage: 100MB
  Active connections: 12/50

DESTINATION  FUNCTION                  CALLS  ERRORS  P50     P95     P99     MAX     HEAP/CALL
bot          service-bot (each event)  150    2       320 ms  320 ms  320 ms  320 ms  2.0 KiB
bot          menu                      150    0       300 ms  300 ms  300 ms  300 ms  2.0 KiB

DESTINATION  CALLS OF                 CALLS  ERRORS  AVG
bot          https://api.example.com  150    0       250 ms

SLOWEST  AT                       DESTINATION  FUNCTION
320 ms   2026-11-29 10:00:00.075  bot          service-bot
320 ms   2026-11-29 10:00:00.075  bot          service-bot

Bottlenecks:
- bot: calls of https://api.example.com are 78 % of the handler's time (150 calls, 250 ms each).
  keep their answers: \`ctx.cache.getOrLoad(key, load, { ttlMs })\`; those that do not need each other: \`Promise.all\`.
- bot: menu is 94 % of the handler's time (150 calls, 300 ms each).
  begin there; \`ctx.monitored\` around its parts tells which of them it is.`,
    );
  });

  it('says when figures come where there are none', () => {
    assert.equal(performanceText(performanceOf([], 10), 10), NOTHING_YET);
    assert.equal(performanceOf([], 10).since, null);
  });
});

describe('ackline cache stats', () => {
  it('adds up the caches of all processors, by destination', () => {
    const rows = cacheRows(TWO);
    assert.deepEqual(rows, [
      {
        destination: 'bot',
        hitRate: 0.8,
        entries: 20,
        bytes: 4_096,
        hits: { memory: 100, redis: 20 },
        joined: 40,
        misses: 40,
        negativeHits: 10,
        evictions: 2,
        hasRedis: true,
      },
    ]);
    assert.equal(
      formatCaches(rows),
      `DESTINATION  ENTRIES  BYTES    HIT RATE  FROM MEMORY  FROM REDIS  JOINED  MISSES  NEGATIVE  EVICTED
bot          20       4.0 KiB  80%       100          20          40      40      10        2`,
    );
    assert.equal(formatCaches([]), 'No handler has used its cache yet.');
  });
});
