import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMetricFactory } from '@ackline/runtime/metric-factory';
import { createMetrics } from '@ackline/runtime/metrics';
import { processMetrics } from '@ackline/runtime/process-metrics';
import type { MetricRow } from '@ackline/runtime/metric-rows/metric-row';
import { metricTable } from '@ackline/runtime/metric-table';
import { AggregatorRegistry } from 'prom-client';

const rows: readonly MetricRow[] = Object.values(metricTable);
const registryOf = (service: string) => createMetrics({ service, processMetrics: false });

describe('createMetrics', () => {
  it('puts the service on every metric, and shares nothing between two registries', async () => {
    const [first, second] = [registryOf('ingress'), registryOf('processor')];
    createMetricFactory(first).counter('ingressClientDisconnects').inc();
    assert.match(await first.metrics(), /ackline_ingress_client_disconnects_total\{service="ingress"\} 1/);
    assert.doesNotMatch(await second.metrics(), /ackline_ingress_client_disconnects_total/);
  });
});

describe('a metric that is read when it is scraped', () => {
  it('shows what there is then, and nothing of what is there no more', async () => {
    const registry = registryOf('ingress');
    let breakers = new Map([['kafka', 1]]);
    createMetricFactory(registry).read('breakerState', () =>
      [...breakers].map(([breaker, value]) => [{ breaker }, value]),
    );
    assert.match(await registry.metrics(), /\{breaker="kafka",service="ingress"\} 1/);
    breakers = new Map([['inbox', 0.5]]);
    const text = await registry.metrics();
    assert.match(text, /\{breaker="inbox",service="ingress"\} 0.5/);
    assert.doesNotMatch(text, /kafka/);
  });

  it('of several processes is the sum, or the worst where a sum says nothing', async () => {
    const ofProcess = (pending: number, openness: number) => {
      const registry = registryOf('ingress');
      const metrics = createMetricFactory(registry);
      metrics.read('eventlogPending', () => pending);
      metrics.read('eventlogAppends', () => [[{ tier: 'inbox' }, 2 * pending]]);
      metrics.read('breakerState', () => [[{ breaker: 'kafka' }, openness]]);
      return registry.getMetricsAsJSON();
    };
    const merged = AggregatorRegistry.aggregate(await Promise.all([ofProcess(2, 1), ofProcess(3, 0.5)]));
    const text = await merged.metrics();
    assert.match(text, /ackline_eventlog_pending_events\{service="ingress"\} 5\n/);
    assert.match(text, /ackline_eventlog_appends_total\{tier="inbox",service="ingress"\} 10\n/);
    assert.match(text, /ackline_breaker_open\{breaker="kafka",service="ingress"\} 1\n/);
  });
});

describe('the table of metrics', () => {
  it('has names in snake case that start with ackline_ and are unique, and end as their type asks', () => {
    for (const { name, type, labels } of rows) {
      assert.match(name, /^ackline(_[a-z]+)+$/);
      assert.equal(name.endsWith('_total'), type === 'counter', name);
      for (const label of labels) assert.match(label, /^[a-z]+(_[a-z]+)*$/);
    }
    assert.equal(
      new Set([...rows, ...processMetrics].map(row => row.name)).size,
      rows.length + processMetrics.length,
    );
  });

  it('gives buckets to histograms alone, rising, and a way of merging to gauges alone', () => {
    for (const { name, type, buckets, merged } of rows) {
      assert.equal(buckets !== undefined, type === 'histogram', name);
      assert.deepEqual(
        buckets?.toSorted((a, b) => a - b),
        buckets,
        name,
      );
      assert.ok(merged === undefined || type === 'gauge', name);
    }
  });
});
