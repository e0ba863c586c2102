import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMonitor, monitored, monitoredFigures } from '../src/monitored.ts';

const figuresOf = (name: string) => monitoredFigures().find(row => row.name === name);

describe('a monitored function', () => {
  it('gives what it gives, fails as it fails, and is counted', async () => {
    assert.equal(await monitored('adds', () => 1 + 1), 2);
    assert.equal(await monitored('adds', async () => 'later'), 'later');
    await assert.rejects(
      monitored('adds', () => {
        throw new RangeError('no');
      }),
      RangeError,
    );
    const row = figuresOf('adds');
    assert.deepEqual([row?.count, row?.failures], [3, 1]);
    assert.equal(
      row?.durations.reduce((sum, [, count]) => sum + count, 0),
      3,
    );
  });

  it('is counted as failed where its result says so', async () => {
    const monitor = createMonitor();
    const run = (kind: string) =>
      monitor.count(
        'bot',
        () => ({ kind }),
        result => result.kind === 'failed',
      );
    await run('done');
    await run('failed');
    assert.deepEqual(
      monitor.figures().map(({ name, count, failures }) => [name, count, failures]),
      [['bot', 2, 1]],
    );
  });

  it('keeps its ten slowest calls, the slowest first', async () => {
    for (let n = 0; n < 15; n++) await monitored('often', () => undefined);
    const slowest = figuresOf('often')?.slowest.map(({ ms }) => ms) ?? [];
    assert.equal(slowest.length, 10);
    assert.deepEqual(
      slowest,
      [...slowest].sort((a, b) => b - a),
    );
  });

  it('is counted with others where names are made up at each call', async () => {
    for (let n = 0; n < 150; n++) await monitored(`chat ${n}`, () => undefined);
    assert.ok(monitoredFigures().length <= 101);
    assert.ok((figuresOf('other')?.count ?? 0) >= 50);
  });
});
