import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createKeptCounters } from '@ackline/runtime/kept-counters';
import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What a process says that has counted so much. */
async function answerOf(count: number) {
  const registers = [new Registry()] as const;
  new Counter({ name: 'lost_total', help: 'h', labelNames: ['source'], registers: [...registers] }).inc(
    { source: 'a' },
    count,
  );
  new Gauge({ name: 'held', help: 'h', registers: [...registers] }).set(count);
  const took = new Histogram({ name: 'took', help: 'h', buckets: [1], registers: [...registers] });
  for (let n = 0; n < count; n += 1) took.observe(0.5);
  return registers[0].getMetricsAsJSON();
}

/** Counter, gauge and histogram count of all. */
async function totals(answers: readonly (readonly object[])[]) {
  const text = await AggregatorRegistry.aggregate([...answers]).metrics();
  return [/^lost_total\{.*\} (\d+)$/m, /^held (\d+)$/m, /^took_count (\d+)$/m].map(
    pattern => pattern.exec(text)?.[1] ?? null,
  );
}

describe('the counters of several processes', () => {
  const first = { name: 'first' };
  const second = { name: 'second' };
  const third = { name: 'third' };

  it('stay when a process was replaced, and its gauges go', async () => {
    const kept = createKeptCounters();
    const alive = { process: first, port: 1, answer: await answerOf(5) };
    const before = await kept.update([alive, { process: second, port: 2, answer: await answerOf(3) }]);
    assert.deepEqual(await totals(before), ['8', '8', '8']);
    const after = await kept.update([alive, { process: third, port: 3, answer: await answerOf(1) }]);
    assert.deepEqual(await totals(after), ['9', '6', '9']);
    assert.deepEqual(await totals(await kept.update([])), ['9', null, '9']);
    assert.deepEqual(await totals(await kept.update([])), ['9', null, '9']);
  });

  it('are the last ones of a process that does not answer', async () => {
    const kept = createKeptCounters();
    await kept.update([{ process: first, port: 1, answer: await answerOf(5) }]);
    const silent = await kept.update([{ process: first, port: 1, answer: null }]);
    assert.deepEqual(await totals(silent), ['5', '5', '5']);
    const again = await kept.update([{ process: first, port: 1, answer: await answerOf(6) }]);
    assert.deepEqual(await totals(again), ['6', '6', '6']);
  });

  it('go on from where they were when a service starts again in the same place', async () => {
    const kept = createKeptCounters();
    await kept.update([{ process: first, port: 1, answer: await answerOf(5) }]);
    const down = await kept.update([{ process: first, port: null, answer: null }]);
    assert.deepEqual(await totals(down), ['5', null, '5']);
    const otherPort = await kept.update([{ process: first, port: 2, answer: await answerOf(7) }]);
    assert.deepEqual(await totals(otherPort), ['12', '7', '12']);
    const samePort = await kept.update([{ process: first, port: 2, answer: await answerOf(2) }]);
    assert.deepEqual(await totals(samePort), ['14', '2', '14']);
  });
});
