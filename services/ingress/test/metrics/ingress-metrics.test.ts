import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMetrics } from '@ackline/runtime/metrics';
import { createIngressMetrics, NO_SOURCE } from '../../src/metrics/ingress-metrics.ts';
import { sourceConfig } from '../support/endpoint.ts';

describe('the rejects of the ingress', () => {
  it('have those that alerts and panels ask for from none on, also of a source that a reload adds', async () => {
    const registry = createMetrics({ service: 'ingress', processMetrics: false });
    const limit = { max: 1, perMs: 60_000, by: 'source' } as const;
    let sources = [sourceConfig({ name: 'telegram' })];
    const metrics = createIngressMetrics(registry, { configured: () => sources, secretsOf: () => [] });
    const shown = async () =>
      [...(await registry.metrics()).matchAll(/^ackline_ingress_rejects_total\{(.*),service.* (\d+)$/gm)].map(
        ([, labels, value]) => `${labels} ${value}`,
      );
    assert.deepEqual(await shown(), ['source="telegram",reason="not_durable" 0']);
    sources = [
      sourceConfig({ name: 'crm', limit: { ...limit, over: 'reject' } }),
      sourceConfig({ name: 'late', limit: { ...limit, over: 'defer' } }),
    ];
    metrics.rejected('crm', 'not_durable');
    metrics.rejected('crm', 'malformed');
    metrics.rejected('crm', 'malformed');
    metrics.rejected(NO_SOURCE, 'too_many');
    assert.deepEqual(await shown(), [
      'source="crm",reason="not_durable" 1',
      'source="crm",reason="rate_limited" 0',
      'source="crm",reason="malformed" 2',
      'source="late",reason="not_durable" 0',
      'source="none",reason="too_many" 1',
    ]);
    sources = [sourceConfig({ name: 'telegram' })];
    assert.equal((await shown())[0], 'source="telegram",reason="not_durable" 0');
  });
});
