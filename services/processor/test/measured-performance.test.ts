import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_FIGURES } from '@ackline/handlers/thread/pool-figures';
import { createCallTally } from '@ackline/runtime/performance-report';
import { measuredPerformance, withCalls } from '../src/measured-performance.ts';
import { createProcessorMetrics } from '../src/metrics.ts';

const parts = {
  calls: { count: 10, totalMs: 500 },
  pool: { totalCount: 9, idleCount: 4 },
  poolMax: 50,
  memoryBytes: 1_000,
};

describe('the figures of the report of an hour', () => {
  it('are those of attempts and of PostgreSQL where there is no handler', () => {
    assert.deepEqual(measuredPerformance({ ...parts, handlers: [] }), {
      calls: { count: 10, totalMs: 500 },
      cache: null,
      memoryBytes: 1_000,
      connections: { active: 5, max: 50 },
    });
  });

  it('have what handlers call, keep, hold and are connected by, over all of their processes', () => {
    const figures = {
      ...NO_FIGURES,
      http: {
        ...NO_FIGURES.http,
        active: 12,
        limit: 50,
        calls: [
          { origin: 'https://a', outcome: '2xx' as const, count: 100, totalMs: 25_000 },
          { origin: 'https://a', outcome: '429' as const, count: 40, totalMs: 4_500 },
        ],
      },
      memoryBytes: 500,
    };
    const cache = {
      entries: 30,
      bytes: 9_000,
      hits: { memory: 90, redis: 20 },
      joined: 10,
      misses: 30,
      negativeHits: 5,
      evictions: 0,
      hasRedis: true,
    };
    const other = { ...NO_FIGURES, http: { ...NO_FIGURES.http, limit: 10 }, memoryBytes: 200 };
    assert.deepEqual(
      measuredPerformance({
        ...parts,
        handlers: [
          { figures, cache },
          { figures: other, cache: null },
        ],
      }),
      {
        calls: { count: 150, totalMs: 30_000 },
        cache: { hits: 120, misses: 30 },
        memoryBytes: 1_700,
        connections: { active: 12, max: 60 },
      },
    );
  });

  it('count no attempt of a handler as a call: what it calls is counted itself', () => {
    const calls = createCallTally();
    const metrics = withCalls(createProcessorMetrics(), { calls, isHandler: name => name === 'bot' });
    const attempt = { ms: 20, outcome: { kind: 'delivered' } } as unknown as Parameters<
      typeof metrics.attempted
    >[1];
    const of = { source: 's', tenant: 't' };
    metrics.attempted('bot', attempt, of);
    metrics.attempted('crm', attempt, of);
    assert.equal(calls.count, 1);
  });
});
