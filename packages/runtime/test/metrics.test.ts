import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMetrics } from '@ackline/runtime/metrics';
import { labelNames, metricNames } from '@ackline/runtime/telemetry-names';
import { Counter } from 'prom-client';

describe('createMetrics', () => {
  it('puts the service on every metric, and shares nothing between two registries', async () => {
    const first = createMetrics({ service: 'ingress', processMetrics: false });
    const second = createMetrics({ service: 'processor', processMetrics: false });
    new Counter({ name: metricNames.ingressRequests, help: 'x', registers: [first] }).inc();
    assert.match(await first.metrics(), /ackline_ingress_requests_total\{service="ingress"\} 1/);
    assert.doesNotMatch(await second.metrics(), /ackline_ingress_requests_total/);
  });
});

describe('telemetry names', () => {
  it('are snake case, start with ackline_, and are unique', () => {
    const names = Object.values(metricNames);
    for (const name of names) assert.match(name, /^ackline(_[a-z]+)+$/);
    assert.equal(new Set(names).size, names.length);
    for (const label of Object.values(labelNames)) assert.match(label, /^[a-z]+(_[a-z]+)*$/);
  });
});
