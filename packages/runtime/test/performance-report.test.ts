import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPerformanceReport, type PerformanceFigures } from '@ackline/runtime/performance-report';

const MB = 1_048_576;

/** Runs through these readings, an hour between each and the next. */
async function reports(readings: readonly PerformanceFigures[]) {
  const lines: { readonly fields: Record<string, unknown>; readonly text: string }[] = [];
  const stop = new AbortController();
  let at = 0;
  const report = createPerformanceReport({
    read: () => readings[at] ?? assert.fail('there is no more'),
    log: {
      info: (fields: Record<string, unknown>, text: string) => void lines.push({ fields, text }),
    } as never,
    anHour: () => {
      at += 1;
      if (at === readings.length) stop.abort();
      return Promise.resolve();
    },
  });
  await report.run(stop.signal);
  return lines;
}

function figures(count: number, totalMs: number, cache: PerformanceFigures['cache']): PerformanceFigures {
  return { calls: { count, totalMs }, cache, memoryBytes: 95 * MB, connections: { active: 12, max: 50 } };
}

describe('the report of an hour', () => {
  it('has the words of the bots before, and the figures as fields', async () => {
    const [line] = await reports([
      figures(1_000, 9_000, { hits: 500, misses: 100 }),
      figures(1_150, 46_500, { hits: 620, misses: 130 }),
    ]);
    assert.equal(
      line?.text,
      [
        'Bot performance metrics:',
        '  API calls: 150 (avg: 250ms)',
        '  Cache hits: 80% (120 cached responses)',
        '  Memory usage: 95MB',
        '  Active connections: 12/50',
      ].join('\n'),
    );
    assert.deepEqual(line?.fields, {
      event: 'performance.reported',
      calls: 150,
      avgCallMs: 250,
      cacheHitPercent: 80,
      cachedResponses: 120,
      memoryMb: 95,
      activeConnections: 12,
      maxConnections: 50,
    });
  });

  it('is of that hour alone, without calls too', async () => {
    const [first, second, third] = await reports([
      figures(0, 0, { hits: 0, misses: 0 }),
      figures(10, 100, { hits: 1, misses: 1 }),
      figures(11, 107, { hits: 2, misses: 1 }),
      figures(11, 107, { hits: 2, misses: 1 }),
    ]);
    const shown = [first, second, third].map(line => [
      line?.fields['calls'],
      line?.fields['avgCallMs'],
      line?.fields['cacheHitPercent'],
    ]);
    assert.deepEqual(shown, [
      [10, 10, 50],
      [1, 7, 100],
      [0, 0, 0],
    ]);
  });

  it('has no line for a cache where there is none', async () => {
    const [line] = await reports([figures(0, 0, null), figures(1, 1, null)]);
    assert.doesNotMatch(line?.text ?? '', /Cache/);
  });
});
