import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { increases, quantilesMs, readSamples, type Sample, sumBy } from '../../src/top/metric-samples.ts';

const sample = (name: string, labels: Sample['labels'], value: number): Sample => ({ name, labels, value });

/** Of a histogram: how many are within each bound. */
function histogram(counts: readonly (readonly [le: string, upTo: number])[]): Sample[] {
  return counts.map(([le, upTo]) => sample('ack_bucket', { le }, upTo));
}

describe('readSamples', () => {
  it('takes what /metrics.json answers, a histogram by its series', () => {
    const values = [{ metricName: 'ack_bucket', labels: { le: 0.1 }, value: 2 }];
    assert.deepEqual(readSamples([{ name: 'ack', type: 'histogram', values }]), [
      sample('ack_bucket', { le: '0.1' }, 2),
    ]);
  });

  it('takes nothing else', () => {
    for (const other of [null, {}, [1], [{ name: 'ack' }]]) assert.equal(readSamples(other), null);
  });
});

describe('increases', () => {
  it('are what was counted between, over labels in any order', () => {
    const before = [sample('requests', { a: '1', b: '2' }, 5)];
    const [change] = increases(before, [sample('requests', { b: '2', a: '1' }, 7)]);
    assert.equal(change?.value, 2);
  });

  it('are all of a counter that began anew, and of one that is new', () => {
    const changes = increases(
      [sample('requests', {}, 100)],
      [sample('requests', {}, 3), sample('lost', {}, 1)],
    );
    assert.deepEqual(
      changes.map(({ value }) => value),
      [3, 1],
    );
  });

  it('are none at the first look', () => {
    assert.deepEqual(increases(null, [sample('requests', {}, 100)]), [sample('requests', {}, 0)]);
  });
});

describe('quantilesMs', () => {
  it('lie between the bounds of their buckets', () => {
    const samples = histogram([
      ['0.01', 50],
      ['0.1', 90],
      ['1', 100],
      ['+Inf', 100],
    ]);
    const { p50, p95 } = quantilesMs(samples, 'ack') ?? assert.fail('there are some');
    assert.equal(p50, 10);
    assert.equal(Math.round(p95), 550);
  });

  it('say no more than the last bound of what is above it', () => {
    const samples = histogram([
      ['1', 0],
      ['+Inf', 10],
    ]);
    assert.deepEqual(quantilesMs(samples, 'ack'), { p50: 1_000, p95: 1_000, p99: 1_000, limit: 1_000 });
  });

  it('add up what several sources counted', () => {
    const samples = ['a', 'b'].flatMap(source => [
      sample('ack_bucket', { le: '0.1', source }, 1),
      sample('ack_bucket', { le: '+Inf', source }, 1),
    ]);
    assert.equal(sumBy(samples, 'ack_bucket', 'le').get('+Inf'), 2);
    assert.equal(quantilesMs(samples, 'ack')?.p50, 50);
  });

  it('are none where nothing was counted', () => {
    assert.equal(quantilesMs(histogram([['+Inf', 0]]), 'ack'), null);
  });
});
